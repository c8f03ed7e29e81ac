/** Requests that a proxy in front could parse differently: each gets at most one reply, and none affects the next request. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { type Exchange, exchange } from '../support/http-replies.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { RawClient } from '../support/raw-client.ts';
import { eventually, type Readiness, readiness } from '../support/vital-signs.ts';
import { type Handling, shapes } from './http-shapes.ts';

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const frame = encodeGradient(16, 16);

/** Another user's request, which a proxy sends on the same connection. */
const probe = Buffer.from('GET /readyz HTTP/1.1\r\nHost: probe\r\n\r\n');
const probeStatus = 200;

type Seen = Pick<Exchange, 'statuses' | 'isEnded'>;

/** The responses for an expected result, with the probe in the same segment and sent later. */
function expectedOf(handling: Handling): { sameSegment: Seen; separate: Seen } {
  if (handling === 'unread' || handling === 'cut') {
    const nothing = { statuses: [], isEnded: handling === 'cut' };
    return { sameSegment: nothing, separate: nothing };
  }
  if ('accepted' in handling) {
    const both = { statuses: [handling.accepted, probeStatus], isEnded: false };
    return { sameSegment: both, separate: both };
  }
  const status = 'refused' in handling ? handling.refused : handling.rejected;
  const once = { statuses: [status], isEnded: true };
  return { sameSegment: 'refused' in handling ? { statuses: [], isEnded: true } : once, separate: once };
}

async function seen(pieces: readonly Uint8Array[]): Promise<Seen> {
  const { statuses, isEnded } = await exchange(gateway, pieces);
  return { statuses, isEnded };
}

for (const { name, bytes, handling } of shapes) {
  test(`${name}: ${JSON.stringify(handling)}`, async (t) => {
    const shape = Buffer.from(bytes, 'latin1');
    const expected = expectedOf(handling);
    t.strictSame(await seen([Buffer.concat([shape, probe])]), expected.sameSegment, 'in one segment');
    t.strictSame(await seen([shape, probe]), expected.separate, 'one after the other');
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

test('a chunked frame gets a reply, and its connection ends', async (t) => {
  const size = frame.length.toString(16);
  const chunks = Buffer.concat([Buffer.from(`${size}\r\n`), frame, Buffer.from('\r\n0\r\n\r\n')]);
  t.match(await untilClosed(post('Transfer-Encoding: chunked\r\n', chunks)), /^HTTP\/1\.1 200 OK\r\n[\s\S]*"result":/);
});

test('a request pipelined behind a pending frame cuts the connection, and leaks nothing', async (t) => {
  const both = Buffer.concat([post(`Content-Length: ${frame.length}\r\n`, frame), probe]);
  t.equal(await untilClosed(both), '');
  const isQuiet = ({ pool }: Readiness) => pool.busy + pool.inFlight + pool.held + pool.frameBytes === 0;
  await eventually(() => readiness(gateway), isQuiet, 'a pool without the frame');
});

test('no handler threw', async (t) => {
  t.notMatch(gateway.log(), /unexpected_error|worker_exit/);
});
