/** Runs a load by the command that users have, and gives what it reports. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadReport } from '../../src/load/report.ts';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const limitsPath = fileURLToPath(new URL('../limits.ts', import.meta.url));

/** `framegate bench` with these flags. @throws Error with what it said when it measured nothing. */
export async function runLoad(origin: string, flags: readonly string[]): Promise<LoadReport> {
  return JSON.parse(await outputOf([cliPath, 'bench', '--url', origin, '--json', ...flags])) as LoadReport;
}

/** What `npm run limits` gives. */
export interface Ceiling {
  readonly frames_per_cpu_second: number;
  readonly cpu_ms_per_frame: number;
  readonly stage_ms: Readonly<Record<string, { readonly median: number; readonly p95: number }>>;
}

/** The pipeline in a bare loop: what one core can do at most. */
export async function runLimits(frames: number): Promise<Ceiling> {
  return JSON.parse(await outputOf([limitsPath, '-n', String(frames), '--json'])) as Ceiling;
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
