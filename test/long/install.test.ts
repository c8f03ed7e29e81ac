/** The package from the registry's point of view: npm installs the tarball into an empty folder, and it serves a frame there. */
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { test } from 'tap';
import { eventually } from '../support/vital-signs.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** About 400 MB of packages, from a slow mirror. */
const timeoutMs = 600_000;
/** npm's codes if the registry cannot be reached. */
const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED/;

tap.setTimeout(timeoutMs);
const folder = tap.testdir({ 'package.json': '{"private":true}' });

/** Runs npm. @returns why the registry cannot be used, or `undefined` if npm succeeded. */
async function npm(args: readonly string[]): Promise<string | undefined> {
  try {
    await run('npm', [...args, '--no-audit', '--no-fund', '--fetch-retries=1'], { cwd: folder });
    return undefined;
  } catch (error) {
    const code = offline.exec((error as { stderr?: string }).stderr ?? '')?.[0];
    if (code === undefined) throw error;
    return `the registry cannot be reached (${code})`;
  }
}

// As a release does. The checkout's .npmrc would skip the build.
const pack = ['pack', '--ignore-scripts=false', '--pack-destination', folder, '--silent'];
const tarball = (await run('npm', pack, { cwd: root })).stdout.trim().split('\n').at(-1) ?? '';
const reason = await npm(['install', '--ignore-scripts', join(folder, tarball)]);

test('the package that npm installed serves a frame', reason === undefined ? {} : { skip: reason }, async (t) => {
  const command = join(folder, 'node_modules/.bin/framegate');
  const { PATH = '', HOME = '' } = process.env;
  const server = spawn(command, ['serve'], { cwd: folder, env: { PATH, HOME, PORT: '0', POOL_WORKERS: '1' } });
  t.teardown(() => server.kill());
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  await eventually(
    () => log,
    (text) => text.includes('"event":"ready"'),
    'a ready gateway',
  );
  const url = /"url":"(ws:\/\/[^/"]+)/.exec(log)?.[1] ?? '';
  const frame = join(folder, 'node_modules/framegate/docs/examples/car.jpg');
  t.match((await run(command, ['send', '--url', url, frame], { cwd: folder })).stdout, /"text":"AB123CD"/);
});
