/** Runs promtool and Prometheus, if they are installed. Tests only. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { freePort } from './free-port.ts';
import { eventually } from './vital-signs.ts';

/** Options of a test that needs Prometheus. */
export const needsPrometheus: { readonly skip?: string } = (() => {
  try {
    for (const program of ['promtool', 'prometheus']) execFileSync(program, ['--version'], { stdio: 'ignore' });
    return {};
  } catch {
    return { skip: 'needs prometheus and promtool: make test-deps, or apt install prometheus' };
  }
})();

/** Runs promtool. @returns its output and exit code. */
export function promtool(args: readonly string[], input = ''): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile('promtool', args, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: `${stdout}${stderr}` });
    });
    child.stdin?.end(input);
  });
}

/** The result of a query: a value per series. */
export interface QueryResult {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

export interface Prometheus {
  query(expression: string): Promise<QueryResult>;
  /** The reply of another path of its API. */
  get(path: string): Promise<unknown>;
}

/** Starts Prometheus with a configuration until the end of the test, and waits until it is ready. */
export async function startPrometheus(t: Test, config: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-prometheus-'));
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  t.teardown(async () => {
    process.off('exit', kill);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && kill()) await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  const get = async (path: string) => (await fetch(`${url}${path}`)).json();
  await eventually(
    () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok || child.exitCode !== null,
        () => child.exitCode !== null,
      ),
    Boolean,
    'Prometheus',
  );
  if (child.exitCode !== null) throw new Error(`Prometheus exited with ${child.exitCode}`);
  return {
    get,
    query: async (expression) => (await get(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as QueryResult,
  };
}
