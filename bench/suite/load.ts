/** Runs a load with `framegate bench` and returns its report. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LoadReport } from '../../src/load/report.ts';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const pipelineBenchPath = fileURLToPath(new URL('../pipeline.ts', import.meta.url));

/** Runs `framegate bench` with these flags. @throws Error with its output if it fails. */
export async function runLoad(origin: string, flags: readonly string[]): Promise<LoadReport> {
  return JSON.parse(await outputOf([cliPath, 'bench', '--url', origin, '--json', ...flags])) as LoadReport;
}

/** Output of `npm run bench:pipeline --json`. */
export interface Ceiling {
  readonly frames_per_cpu_second: number;
  readonly cpu_ms_per_frame: number;
}

const msPerSecond = 1000;

/**
 * Runs the pipeline in bare loops, one per core concurrently, so that they share caches and clock like the gateway's workers.
 * @returns the mean of the loops.
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
      else reject(new Error(`${args.join(' ')} exited with ${code}:\n${errors || output}`));
    });
  });
}
