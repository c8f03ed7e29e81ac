/** Standard error that blocks or fails: the gateway starts, serves and stops anyway, and reports missing lines later. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { cliPath } from '../support/cli-path.ts';
import { freePort } from '../support/free-port.ts';
import { fixtureModels } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

interface Run {
  readonly child: ChildProcess;
  readonly port: number;
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
}

/** @param command shell text around `"$@"`, the gateway. */
async function start(t: Test, command: string, stderr: number | 'pipe' | 'ignore'): Promise<Run> {
  const port = await freePort();
  const child = spawn('/bin/sh', ['-c', command, 'sh', process.execPath, cliPath, 'serve'], {
    stdio: ['ignore', 'ignore', stderr],
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      MODELS_DIR: fixtureModels,
      POOL_WORKERS: '1',
      LOG_LEVEL: 'debug',
    },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (code, signal) => resolve([code, signal]));
  });
  const look = () => readiness({ httpUrl: `http://127.0.0.1:${port}` }).catch(() => undefined);
  await eventually(look, (seen) => seen?.status === 200, 'readiness');
  return { child, port, ended };
}

async function serveSessions({ port }: Run, count: number): Promise<void> {
  const url = `ws://127.0.0.1:${port}/ws/video/stream?pipeline_id=echo`;
  for (let session = 0; session < count; session++) {
    const client = await StreamClient.open(url);
    client.socket.send('no frame');
    await client.closed();
  }
}

/** The gateway replies, even after many lines, and stops normally. */
async function worksAndStops(t: Test, run: Run): Promise<void> {
  await serveSessions(run, 20);
  const client = await StreamClient.open(`ws://127.0.0.1:${run.port}/ws/video/stream?pipeline_id=echo`);
  t.match(await client.sendUntilStarted(frame), { result: { width: 64 } });
  run.child.kill('SIGTERM');
  t.equal(await client.closed(), 1001);
  t.strictSame(await run.ended, [0, null]);
}

for (const [what, command] of [
  ['a full disk', 'exec "$@" 2>/dev/full'],
  ['closed', 'exec "$@" 2>&-'],
] as const) {
  test(`standard error is ${what}`, async (t) => worksAndStops(t, await start(t, command, 'ignore')));
}

test('standard error is a pipe without a reader, with SIGPIPE', async (t) => {
  const run = await start(t, 'exec "$@"', 'pipe');
  run.child.stderr?.destroy();
  run.child.kill('SIGPIPE');
  await worksAndStops(t, run);
});

test('standard error is a full socket that is not read', async (t) => {
  const fill = `process.stderr; try { for (;;) fs.writeSync(2, 'x'.repeat(1000)); } catch {}`;
  await worksAndStops(t, await start(t, `"$1" -e "${fill}"; exec "$@"`, 'pipe'));
});

test('standard error is a full pipe; when it is read again, the buffered lines arrive', async (t) => {
  const path = join(t.testdir({}), 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  t.teardown(() => closeSync(reader));
  fill(reader);
  const run = await start(t, 'exec "$@"', writer);
  closeSync(writer);
  await serveSessions(run, 20);
  let text = '';
  await eventually(
    () => (text += readAll(reader)),
    (seen) => seen.split('stream_disconnect').length > 20,
    'the lines',
  );
  t.match(text, /"event":"ready"/);
  fill(reader);
  await worksAndStops(t, run);
});

function fill(descriptor: number): void {
  try {
    for (;;) writeSync(descriptor, '\n'.repeat(1024));
  } catch {
    // Full.
  }
}

function readAll(descriptor: number): string {
  const bytes = Buffer.alloc(65_536);
  let text = '';
  try {
    for (;;) text += bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } catch {
    return text;
  }
}
