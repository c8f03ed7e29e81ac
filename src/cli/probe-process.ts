/** Starts `gpu-probe.ts` for one execution provider, and turns its steps, its crash, or its silence into one result. Main thread. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ProbeStep } from './gpu-probe.ts';

export interface ProbeOptions {
  readonly provider: string;
  /** The model file. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

export type ProbeResult =
  | { readonly loadMs: number; readonly firstMs: number; readonly ms: number; readonly devices: readonly string[] }
  | { readonly error: string };

const probePath = fileURLToPath(
  new URL(`./gpu-probe${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);
const msPerSecond = 1000;

/** @returns what the probe has measured, or the error: ONNX Runtime's, or a crash or a time limit in words. */
export async function runProbe({ provider, file, env, timeoutMs }: ProbeOptions): Promise<ProbeResult> {
  // Drivers write warnings to standard error, which would come between the lines of the report.
  const child = fork(probePath, [provider, file], { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const steps: ProbeStep[] = [];
  child.on('message', (step: ProbeStep) => steps.push(step));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const end = await ended(child);
  clearTimeout(timer);
  return resultOf(steps, isLate ? `did not end within ${timeoutMs / msPerSecond} s` : end);
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal === null ? `ended with code ${code}` : `crashed (${signal})`));
  });
}

function resultOf(steps: readonly ProbeStep[], end: string): ProbeResult {
  const loaded = steps.find(({ step }) => step === 'loaded');
  const last = steps.at(-1);
  if (last?.step === 'failed') return { error: errorWithoutName(last.error) };
  if (last?.step !== 'ran' || loaded?.step !== 'loaded')
    return { error: `ONNX Runtime ${end} while it ${loaded === undefined ? 'loaded' : 'ran'} the model` };
  const { firstMs, ms, devices } = last;
  return { loadMs: loaded.ms, firstMs, ms, devices };
}

/** `model "x" cannot be loaded (cuda: …)`: the model and the provider are known here. */
function errorWithoutName(error: string): string {
  return /^model ".*" cannot be loaded \([a-z]+: (.*)\)$/s.exec(error)?.[1] ?? error;
}
