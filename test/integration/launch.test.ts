/** The installed command, `dist/launch.js`: whichever Node starts it, it runs on the bundled one. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'tap';
import { fixtureModels } from '../support/gateway.ts';
import { hostNode } from '../support/host-node.ts';
import { eventually } from '../support/vital-signs.ts';

const launchPath = fileURLToPath(new URL('../../dist/launch.js', import.meta.url));
const linkPath = fileURLToPath(new URL('../../node_modules/.bin/framegate', import.meta.url));
const options = existsSync(launchPath) ? {} : { skip: 'dist is missing; run `make build`' };

const node = hostNode();

function launch(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(node, [launchPath, ...args], { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

function textOf(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let text = '';
  child[stream]?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  return () => text;
}

function closed(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

test('the build produces a command that npx can start', options, async (t) => {
  accessSync(linkPath, constants.X_OK);
  t.equal(realpathSync(linkPath), realpathSync(launchPath));
});

test('it runs under the system’s own Node and forwards output and exit code', options, async (t) => {
  const version = (await promisify(execFile)(node, ['--version'])).stdout.trim();
  t.comment(`started by Node ${version}`);
  const help = launch(['--help']);
  const stdout = textOf(help, 'stdout');
  t.equal((await closed(help)).code, 0);
  t.match(stdout(), /^Usage: framegate/);
  const wrong = launch(['serve'], { PORT: 'x', MODELS_DIR: fixtureModels });
  const stderr = textOf(wrong, 'stderr');
  t.equal((await closed(wrong)).code, 2);
  t.match(stderr(), /^framegate: PORT must be a number/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the server runs on the bundled Node and ${signal} stops it with code 0`, options, async (t) => {
    const child = launch(['serve'], { PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
    t.teardown(() => child.kill('SIGKILL'));
    const log = textOf(child, 'stderr');
    const ended = closed(child);
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', () => log().includes('"event":"ready"') && resolve());
      child.once('close', () => reject(new Error(log())));
    });
    const [server] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    t.match(readlinkSync(`/proc/${server}/exe`), /node_modules\/node-[^/]+\/bin\/node$/);
    child.kill(signal);
    t.strictSame(await ended, { code: 0, signal: null });
    t.notOk(existsSync(`/proc/${server}`), 'the server process has ended too');
  });
}

/** Starts the installed command and waits until its gateway is ready. @returns the gateway's process id. */
async function gatewayOf(child: ChildProcess): Promise<number> {
  const log = textOf(child, 'stderr');
  await eventually(log, (seen) => seen.includes('"event":"ready"'), 'a ready gateway');
  let pid = child.pid as number;
  for (let next = childOf(pid); next !== undefined; next = childOf(pid)) pid = next;
  return pid;
}

function childOf(pid: number): number | undefined {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return first === undefined || first === '' ? undefined : Number(first);
}

function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}

const serveEnv = { PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1' };

test('a launcher killed by SIGKILL leaves no gateway running', options, async (t) => {
  const launcher = launch(['serve'], serveEnv);
  const gateway = await gatewayOf(launcher);
  t.not(gateway, launcher.pid);
  launcher.kill('SIGKILL');
  await eventually(
    () => isThere(gateway),
    (there) => !there,
    'the end of the gateway',
  );
});

test('signals that end Node by default end neither the launcher nor the gateway', options, async (t) => {
  const launcher = launch(['serve'], serveEnv);
  t.teardown(() => launcher.kill('SIGKILL'));
  const ended = closed(launcher);
  const gateway = await gatewayOf(launcher);
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) {
    launcher.kill(signal);
    process.kill(gateway, signal);
  }
  t.ok(isThere(gateway));
  launcher.kill('SIGTERM');
  t.strictSame(await ended, { code: 0, signal: null });
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`npx ended by ${signal} leaves no gateway running`, options, async (t) => {
    const { PATH = '', HOME = '' } = process.env;
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const npx = spawn('npx', ['framegate', 'serve'], {
      ...{ cwd, env: { PATH, HOME, ...serveEnv } },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const gateway = await gatewayOf(npx);
    t.teardown(() => isThere(gateway) && process.kill(gateway, 'SIGKILL'));
    npx.kill(signal);
    await eventually(
      () => isThere(gateway),
      (there) => !there,
      'the end of the gateway',
    );
  });
}
