/** Every client reaches a gateway behind a proxy with a path prefix, given only the prefix. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { test } from 'tap';
import { connect } from '../../src/client/node.ts';
import { noFfmpegReason, runCamera } from '../support/camera-run.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { startPrefixProxy } from '../support/prefix-proxy.ts';

const run = promisify(execFile);
const python = process.env['PYTHON'] ?? 'python3';
const pythonClient = fileURLToPath(new URL('../../clients/python', import.meta.url));

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());
const base = await startPrefixProxy(tap, gateway.port);

const image = join(tap.testdir(), 'frame.jpg');
writeFileSync(image, encodeGradient(16, 8));

test('framegate send, with and without a scheme, and with the full URL', async (t) => {
  for (const url of [base, `ws://${base}`, `http://${base}ws/video/stream`]) {
    const { code, stdout, stderr } = await runCli(['send', image, '-p', 'echo', '--url', url]);
    t.equal(code, 0, stderr);
    t.match(stdout, /"result":\{"width":16,/, url);
  }
});

test('framegate bench', async (t) => {
  const short = ['--duration', '1', '--warmup', '0', '--cameras', '1', '--frames', image, '--json'];
  const { code, stdout, stderr } = await runCli(['bench', '-p', 'echo', '--url', `ws://${base}`, ...short]);
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { url: `ws://${base}ws/video/stream?pipeline_id=echo`, errors: 0 });
});

test('framegate camera', { skip: noFfmpegReason }, async (t) => {
  const clip = join(t.testdir(), 'clip.avi');
  await run('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=64x48:rate=5:duration=1',
    '-c:v',
    'mjpeg',
    clip,
  ]);
  const camera = runCamera(t, [clip, '-p', 'echo', '--url', `ws://${base}`]);
  t.match(await camera.until(({ frame_index }) => frame_index === 0), { result: { width: 64 } });
  t.equal(await camera.ended(), 0);
});

test('the client library', async (t) => {
  const stream = connect({ url: `http://${base}`, pipeline: 'echo' });
  t.teardown(() => stream.close());
  await stream.opened();
  t.match(await stream.send(encodeGradient(16, 8)).reply, { type: 'result', index: 0 });
});

const noPython = await run(python, ['-c', 'import websockets.asyncio.client']).then(
  () => false as const,
  () => `${python} has no websockets`,
);

const script = `
import asyncio, sys
from framegate_client import Result, connect

async def main(url, picture):
    async with connect(url, "echo") as stream:
        await stream.ready()
        reply = await stream.send(open(picture, "rb").read()).reply
        print(isinstance(reply, Result))

asyncio.run(main(*sys.argv[1:]))
`;

test('the Python client', { skip: noPython }, async (t) => {
  const env = { ...process.env, PYTHONPATH: pythonClient, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(python, ['-c', script, `ws://${base}`, image], { env });
  t.equal(stdout.trim(), 'True');
});

test('the error for a wrong path suggests the right one, in the client library and in send', async (t) => {
  const wrong = `ws://${base}v1/ws/video/stream`;
  const reason = 'Unexpected server response: 404 (No such resource; did you mean /ws/video/stream?)';
  const stream = connect({ url: wrong, pipeline: 'echo' });
  t.teardown(() => stream.close());
  await t.rejects(stream.opened(), { code: 'unreachable', detail: reason });
  const { code, stderr } = await runCli(['send', image, '-p', 'echo', '--url', wrong]);
  t.equal(code, 2);
  t.equal(stderr, `framegate: cannot reach ${wrong}?pipeline_id=echo: ${reason}\n`);
});

test('the error for a redirect names its target, as from a proxy that requires the slash', async (t) => {
  const server = createServer((_, response) => void response.writeHead(301, { location: '/gate/' }).end());
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { stderr } = await runCli(['send', image, '-p', 'echo', '--url', `ws://127.0.0.1:${port}/gate`]);
  t.match(stderr, /: Unexpected server response: 301 \(moved to \/gate\/\)\n$/);
});

test('a response that never ends, or has no body, is reported by its status', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(403).write('x'.repeat(500));
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await runCli(['send', image, '-p', 'echo', '--url', `ws://127.0.0.1:${port}`]);
  t.equal(code, 2);
  t.match(stderr, /: Unexpected server response: 403\n$/);
});

test('a prefix without its slash is a different address, which is not found', async (t) => {
  const { code, stderr } = await runCli(['send', image, '-p', 'echo', '--url', `ws://${base.slice(0, -1)}`]);
  t.equal(code, 2);
  t.match(stderr, /cannot reach ws:\/\/[^ ]*\/gate\?pipeline_id=echo: .*404/);
});
