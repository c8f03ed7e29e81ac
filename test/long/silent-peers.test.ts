/** Peers that send nothing, or too little, for longer than a normal test may take: `make test-long`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, openFileCount, readiness } from '../support/vital-signs.ts';

tap.setTimeout(230_000);

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const frame = encodeGradient(16, 16);
const dripMs = 1000;

/** A client in a separate process: it opens a session and is then stopped, like a machine that lost power. */
const client = `
import WebSocket from 'ws';
const socket = new WebSocket(process.argv[1]);
socket.on('open', () => process.stdout.write('open'));
`;

test('a peer that vanishes silently loses its session, while one that answers pings keeps it', async (t) => {
  const alive = await StreamClient.open(gateway.streamUrl('echo'));
  const args = ['--input-type=module', '--eval', client, gateway.streamUrl('echo')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  t.equal((await readiness(gateway)).pool.sessions, 2);
  child.kill('SIGSTOP');
  await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.sessions === 1,
    'the end of the stopped session',
  );
  t.match(await alive.sendUntilStarted(frame), { result: { width: 16 } });
  await alive.close();
});

const drips = {
  'nothing at all': ['', ''],
  'an endless first line': ['GET /', 'a'],
  'headers at one byte per second': ['GET / HTTP/1.1\r\nHost: g\r\nX: ', 'a'],
  'an upgrade at one byte per second': ['GET /ws/video/stream HTTP/1.1\r\nHost: g\r\nUpgrade: websocket\r\nX: ', 'a'],
  'an invalid header, and more bytes': ['GET / HTTP/1.1\r\nHost: g\r\nX: \0\r\n\r\n', 'a'],
  'a body at one byte per second': [
    'POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: g\r\nContent-Length: 1000\r\n\r\n',
    'a',
  ],
  'a keep-alive connection without a request': ['GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n', ''],
} as const;

test('a peer that sends a request too slowly is cut, and leaks nothing', async (t) => {
  await idle(gateway);
  const files = openFileCount(gateway);
  const drip = async ([start, more]: readonly [string, string]) => {
    const slow = await RawClient.connect(gateway);
    slow.socket.write(start);
    const timer = setInterval(() => slow.socket.write(more), dripMs);
    await slow.closed();
    clearInterval(timer);
  };
  await Promise.all(Object.values(drips).map(drip));
  await eventually(
    () => openFileCount(gateway),
    (now) => now <= files + 2,
    'as few open files as before',
  );
  t.pass(`all of ${Object.keys(drips).join(', ')} are closed`);
});
