/** Starts `framegate worker` in a separate process, and stops it again. Tests only. */
import type { Test } from 'tap';
import { fixtureModels, spawnCli } from './gateway.ts';

export interface WorkerHost {
  readonly pid: number;
  /** The log so far. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const testEnv = { MODELS_DIR: fixtureModels, POOL_WORKERS: '2' };

/**
 * Waits until it is ready.
 * @param prefix of its command, such as `ip netns exec NAME`.
 */
export async function startWorkerHost(
  t: Test,
  env: Record<string, string>,
  prefix: readonly string[] = [],
): Promise<WorkerHost> {
  const child = spawnCli(['worker'], { ...testEnv, ...env }, { prefix });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let log = '';
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('"event":"ready"')) resolve();
    });
    child.once('exit', () => reject(new Error(`the host did not start:\n${log}`)));
  });
  return {
    pid: child.pid as number,
    log: () => log,
    signal: (signal) => void child.kill(signal),
    ended: () => ended,
  };
}
