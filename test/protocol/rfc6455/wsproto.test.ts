/** The valid paths of RFC 6455 with an independent implementation, Python's wsproto, which also checks every frame received. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import tap, { test } from 'tap';
import { startEcho } from '../../support/echo-server.ts';
import { startGateway } from '../../support/gateway.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../support/wsproto-client.py', import.meta.url));

/** Why this cannot run here; `undefined` if it can. */
const missing = await run('python3', ['-c', 'import wsproto']).then(
  () => undefined,
  () => 'no Python with wsproto; "make test-deps" installs it',
);
const options = missing === undefined ? {} : { skip: missing };

const gateway = await startGateway({ POOL_WORKERS: '1' });
const echo = await startEcho(16_777_216);
tap.teardown(() => {
  echo.close();
  return gateway.kill();
});

async function wsproto(port: number, what: string): Promise<Record<string, unknown>> {
  const target = '/ws/video/stream?pipeline_id=echo';
  return JSON.parse((await run('python3', [script, String(port), target, what])).stdout) as Record<string, unknown>;
}

const handshake = { subprotocol: 'chat', extensions: [], end: 'close 1000' };

test('the echo', options, async (t) => {
  const kinds = ['TextMessage', 'BytesMessage'];
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 500_000];
  const sized = sizes.flatMap((size) => kinds.map((kind) => [`${kind} of ${size}`, true]));
  const closed = [1001, 1011, 4000, 4999].map((code) => [`closed with ${code}`, `close ${code}`]);
  t.strictSame(await wsproto(echo.port, 'echo'), {
    ...{ handshake, fragments: ['pong between', 'κόσμε'], end: 'close 1000' },
    ...Object.fromEntries([...sized, ...closed]),
  });
});

test('the stream', options, async (t) => {
  const path = join(t.testdir(), 'frame.jpg');
  writeFileSync(path, encodeGradient(64, 48));
  const reply = ['frame_index', 'result'];
  t.strictSame(await wsproto(gateway.port, path), {
    ...{ handshake, frame: reply, fragments: ['pong between', reply], end: 'close 1000' },
    text: ['invalid_message', 'close 1003'],
    'no JPEG': ['invalid_frame', 'close 1007'],
  });
});
