/** Requests that a proxy in front could read differently: each is answered once at most, and none leaves the next one in doubt. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { type Exchange, exchange } from '../support/http-answers.ts';
import { encodePicture } from '../support/jpeg-bytes.ts';
import { RawClient } from '../support/raw-client.ts';
import { eventually, type Readiness, readiness } from '../support/vital-signs.ts';
import { type Fate, shapes } from './http-shapes.ts';

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const frame = encodePicture(16, 16);

/** Somebody else's request, which a proxy sends on the same connection. */
const probe = Buffer.from('GET /readyz HTTP/1.1\r\nHost: probe\r\n\r\n');
const probeStatus = 200;

type Seen = Pick<Exchange, 'statuses' | 'isEnded'>;

/** What a fate looks like with the probe in the same segment, and with the probe sent later. */
function expectedOf(fate: Fate): { together: Seen; apart: Seen } {
  if (fate === 'unread' || fate === 'cut') {
    const nothing = { statuses: [], isEnded: fate === 'cut' };
    return { together: nothing, apart: nothing };
  }
  if ('taken' in fate) {
    const both = { statuses: [fate.taken, probeStatus], isEnded: false };
    return { together: both, apart: both };
  }
  const status = 'refused' in fate ? fate.refused : fate.rejected;
  const once = { statuses: [status], isEnded: true };
  return { together: 'refused' in fate ? { statuses: [], isEnded: true } : once, apart: once };
}

async function seen(pieces: readonly Uint8Array[]): Promise<Seen> {
  const { statuses, isEnded } = await exchange(gateway, pieces);
  return { statuses, isEnded };
}

for (const { name, bytes, fate } of shapes) {
  test(`${name}: ${JSON.stringify(fate)}`, async (t) => {
    const shape = Buffer.from(bytes, 'latin1');
    const expected = expectedOf(fate);
    t.strictSame(await seen([Buffer.concat([shape, probe])]), expected.together, 'in one segment');
    t.strictSame(await seen([shape, probe]), expected.apart, 'one after the other');
  });
}

/** A frame as the body of a request. */
function post(headers: string, body: Uint8Array): Buffer {
  const head = `POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: g\r\n${headers}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Sends the bytes and waits for the end of the connection. */
async function untilClosed(bytes: Uint8Array): Promise<string> {
  const client = await RawClient.connect(gateway);
  client.socket.write(bytes);
  await client.closed();
  return client.text();
}

test('a frame in chunks is answered, and its connection ends', async (t) => {
  const size = frame.length.toString(16);
  const chunks = Buffer.concat([Buffer.from(`${size}\r\n`), frame, Buffer.from('\r\n0\r\n\r\n')]);
  t.match(await untilClosed(post('Transfer-Encoding: chunked\r\n', chunks)), /^HTTP\/1\.1 200 OK\r\n[\s\S]*"result":/);
});

test('a request behind a frame that is not answered yet cuts the connection, and leaves nothing behind', async (t) => {
  const both = Buffer.concat([post(`Content-Length: ${frame.length}\r\n`, frame), probe]);
  t.equal(await untilClosed(both), '');
  const isQuiet = ({ pool }: Readiness) => pool.busy + pool.inFlight + pool.held + pool.frameBytes === 0;
  await eventually(() => readiness(gateway), isQuiet, 'a pool without the frame');
});

test('nothing of this got as far as a handler that failed', async (t) => {
  t.notMatch(gateway.log(), /handler threw|worker exited unexpectedly/);
});
