/** However a gateway is started, its process has the `LD_LIBRARY_PATH` that CUDA needs, and keeps its signals and its process id. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { fixtureModels, runCli, startGateway } from '../support/gateway.ts';
import { otherPlatform, writeProviders } from '../support/gpu-libraries.ts';
import { eventually } from '../support/vital-signs.ts';

const options = otherPlatform === undefined ? {} : { skip: otherPlatform };
const launchPath = fileURLToPath(new URL('../../src/launch.ts', import.meta.url));

/** The variable in the environment with which a process has started. */
function libraryPathOf(pid: number | string): string | undefined {
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return variables.find((line) => line.startsWith('LD_LIBRARY_PATH='))?.split('=')[1];
}

test('a gateway that is started without the launcher restarts in place', options, async (t) => {
  const folder = t.testdir();
  const providers = writeProviders(folder);
  const env = { GPU_LIBRARIES_DIR: folder, ORT_PROVIDERS: 'cuda,cpu', LD_LIBRARY_PATH: '/opt/x' };
  const gateway = await startGateway(env);
  t.teardown(() => gateway.kill());
  t.equal(libraryPathOf(gateway.pid), `${providers}:/opt/x`);
  // The log of a process that npm or systemd has started begins with the log.
  t.match(gateway.log(), /^\{/);
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
});

test('a gateway that uses the CPU starts as before', options, async (t) => {
  const folder = t.testdir();
  writeProviders(folder);
  const gateway = await startGateway({ GPU_LIBRARIES_DIR: folder });
  t.teardown(() => gateway.kill());
  t.equal(libraryPathOf(gateway.pid), undefined);
});

test('the launcher passes the path on', options, async (t) => {
  const folder = t.testdir();
  const providers = writeProviders(folder);
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, PORT: '0', MODELS_DIR: fixtureModels, POOL_WORKERS: '1', ORT_PROVIDERS: 'cuda,cpu' };
  const launcher = spawn(process.execPath, [launchPath, 'serve'], {
    env: { ...env, GPU_LIBRARIES_DIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => launcher.kill('SIGKILL'));
  let log = '';
  launcher.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  await eventually(
    () => log,
    (seen) => seen.includes('"event":"ready"'),
    'a ready gateway',
  );
  const [pid = ''] = readFileSync(`/proc/${launcher.pid}/task/${launcher.pid}/children`, 'utf8').split(' ');
  t.equal(libraryPathOf(pid), providers);
  const ended = new Promise((resolve) => launcher.once('close', (code) => resolve(code)));
  launcher.kill('SIGTERM');
  t.equal(await ended, 0);
});

test('gpu install --dry-run lists the wheels and writes nothing', options, async (t) => {
  const folder = `${t.testdirName}-none`;
  const { code, stdout } = await runCli(['gpu', 'install', '--dry-run'], { GPU_LIBRARIES_DIR: folder });
  t.equal(code, 0);
  const [head, ...rows] = stdout.trimEnd().split('\n');
  t.equal(head, `libraries for CUDA, in ${folder}:`);
  t.match(rows.at(-1), /^download \d+ MB, on disk \d+ MB$/);
  t.ok(
    rows.slice(0, -1).every((row) => /^ {2}[\w-]+ [\d.]+ +[\d.]+ MB {2}to download$/.test(row)),
    stdout,
  );
  const system = await runCli(['gpu', 'install', '--dry-run', '--system-cuda'], { GPU_LIBRARIES_DIR: folder });
  t.equal(system.stdout.trimEnd().split('\n').length, 3, system.stdout);
  t.throws(() => readFileSync(folder), { code: 'ENOENT' });
});
