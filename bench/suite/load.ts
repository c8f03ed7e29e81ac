/** Runs a load by the command that users have, and gives what it reports. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LoadReport } from '../../src/load/report.ts';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const pipelineBenchPath = fileURLToPath(new URL('../pipeline.ts', import.meta.url));

/** `framegate bench` with these flags. @throws Error with what it said when it measured nothing. */
export async function runLoad(origin: string, flags: readonly string[]): Promise<LoadReport> {
  return JSON.parse(await outputOf([cliPath, 'bench', '--url', origin, '--json', ...flags])) as LoadReport;
}

/** What `npm run bench:pipeline` gives. */
export interface Ceiling {
  readonly frames_per_cpu_second: number;
  readonly cpu_ms_per_frame: number;
}

const msPerSecond = 1000;

/**
 * The pipeline in bare loops, one for each core at the same time, so that they share caches and clock as the gateway's workers do.
 * @returns what the mean loop saw.
 */
export async function runPipelineBench(frames: number): Promise<Ceiling> {
  const args = [pipelineBenchPath, '-n', String(frames), '--json'];
  const loops = Array.from({ length: availableParallelism() }, () => outputOf(args));
  return meanOf(...(await Promise.all(loops)).map((output) => JSON.parse(output) as Ceiling));
}

function meanOf(...seen: readonly Ceiling[]): Ceiling {
  const msPerFrame = seen.reduce((sum, loop) => sum + loop.cpu_ms_per_frame, 0) / seen.length;
  return { frames_per_cpu_second: msPerSecond / msPerFrame, cpu_ms_per_frame: msPerFrame };
}

function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${args.join(' ')} ended with ${code}:\n${errors || output}`));
    });
  });
}
