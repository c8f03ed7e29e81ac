/** Incomplete bodies and messages: counted, limited, and released immediately. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { clientFrame, opcode, RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, idle, residentMegabytes } from '../support/vital-signs.ts';

const megabyte = 1_048_576;
const frame = encodeGradient(8, 8);
const jpegHeaders = { 'content-type': 'image/jpeg' };

async function isServed(gateway: { streamUrl(id: string): string }): Promise<boolean> {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  const reply = await client.sendUntilStarted(frame);
  await client.close();
  return 'result' in reply;
}

function post(gateway: { httpUrl: string }, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${gateway.httpUrl}/frames?pipeline_id=echo`, { method: 'POST', headers: jpegHeaders, body });
}

/** A request with a declared body that stops halfway. */
async function halfPost(gateway: { port: number }, announced: number, sent: number): Promise<RawClient> {
  const client = await RawClient.connect(gateway);
  client.socket.write(`POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${announced}\r\n\r\n`);
  client.socket.write(new Uint8Array(sent));
  return client;
}

const gateway = await startGateway({ HTTP_MAX_RECEIVING_MB: '8', STREAM_MAX_FRAME_SIZE_MB: '2' });
tap.teardown(() => gateway.kill());

test('bodies being received are limited, and excess ones are rejected before they are read', async (t) => {
  const held: RawClient[] = [];
  // One address may use a quarter of the budget, which is one frame here.
  held.push(await halfPost(gateway, 2 * megabyte, 1.9 * megabyte));
  const refused = await eventually(
    async () => {
      const response = await post(gateway, new Uint8Array(1.5 * megabyte));
      return { status: response.status, text: await response.text(), retry: response.headers.get('retry-after') };
    },
    ({ status }) => status === 503,
    'a rejection',
  );
  t.strictSame(refused, {
    status: 503,
    text: '{"error":"server_busy","detail":"Too many bytes are being received"}',
    retry: '1',
  });
  t.ok(await isServed(gateway), 'the stream does not share this budget');
  for (const client of held) client.socket.destroy();
  const response = await eventually(
    () => post(gateway, new Uint8Array(1.5 * megabyte)),
    ({ status }) => status !== 503,
    'room in the budget',
  );
  t.equal(response.status, 400, 'the body is read, and is not a JPEG');
});

test('a peer that sends a lot in small pieces without declaring it is stopped at the budget', async (t) => {
  const held: RawClient[] = [];
  await eventually(
    async () => {
      held.push(await halfPost(gateway, 2 * megabyte, 1.9 * megabyte));
      return (await post(gateway, new Uint8Array(1.5 * megabyte))).status;
    },
    (status) => status === 503,
    'a body that uses the budget',
  );
  const second = await RawClient.connect(gateway);
  second.socket.write('POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  // One after the other: a peer still sending when the connection ends may lose the response.
  for (let i = 0; i < 20 && second.text() === ''; i++) {
    second.socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await second.closed();
  // If more of the body arrives after the excess, the connection ends without a response.
  t.match(second.text(), /^$|^HTTP\/1\.1 503 .*Too many bytes are being received/s);
  for (const { socket } of held) socket.destroy();
});

test('300 incomplete bodies use no more than the budget, and leak nothing', async (t) => {
  await idle(gateway);
  const before = residentMegabytes(gateway);
  const clients: RawClient[] = [];
  for (let i = 0; i < 300; i++) clients.push(await halfPost(gateway, 2 * megabyte, 1.5 * megabyte));
  t.ok(await isServed(gateway));
  const grownBy = residentMegabytes(gateway) - before;
  t.ok(grownBy < 60, `grew by ${Math.round(grownBy)} MB`);
  for (const client of clients) client.socket.destroy();
  t.match(await idle(gateway), { pool: { sessions: 0 } });
});

test('a body that is not complete in time gets 408', async (t) => {
  const hasty = await startGateway({ HTTP_BODY_TIMEOUT_MS: '300' });
  t.teardown(() => hasty.kill());
  const client = await halfPost(hasty, 1000, 10);
  await client.closed();
  t.match(client.text(), /^HTTP\/1\.1 408 Request Timeout\r\n/);
  t.match(client.text(), /\{"error":"request_timeout","detail":"Request body not received in time"\}/);
  t.ok((await post(hasty, new Uint8Array(frame))).ok);
});

test('above the memory limit, connections with incomplete messages are closed, and working cameras are not', async (t) => {
  const small = await startGateway({ MAX_MEMORY_MB: '300', STREAM_MAX_FRAME_SIZE_MB: '16', POOL_WORKERS: '1' });
  t.teardown(() => small.kill());
  const camera = await StreamClient.open(small.streamUrl('echo'));
  let isDone = false;
  const results = (async () => {
    let count = 0;
    for (; !isDone; count++) {
      await camera.sendUntilStarted(frame);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return count;
  })();
  const half = clientFrame(opcode.binary, new Uint8Array(19 * megabyte)).subarray(0, 18 * megabyte);
  const clients: RawClient[] = [];
  for (let i = 0; i < 30; i++) {
    const client = await RawClient.open(small, 'echo');
    client.socket.write(half);
    clients.push(client);
  }
  await eventually(
    () => small.log(),
    (log) => log.includes('"event":"memory_high"'),
    'a log line',
  );
  await eventually(
    () => residentMegabytes(small),
    (megabytes) => megabytes < 300,
    'memory below the limit',
  );
  t.ok(clients.some(({ socket }) => socket.closed));
  for (const { socket } of clients) socket.destroy();
  isDone = true;
  t.ok((await results) > 0);
  t.equal(camera.closeCode, undefined, 'the camera kept its session');
  await camera.close();
});
