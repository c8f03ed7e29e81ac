/** A peer that pipelines requests without reading costs one buffered reply, on every path. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { openFileCount, residentMegabytes } from '../support/vital-signs.ts';

const gateway = await startGateway();
tap.teardown(() => gateway.kill());

const frame = encodeGradient(8, 8);
const etag = (await fetch(`${gateway.httpUrl}/`)).headers.get('etag') as string;

/** As responses, far more than kernel buffers hold; the requests are three megabytes. */
const requestCount = 100_000;

function requestOf(method: string, path: string, header = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`;
}

const floods: [what: string, request: string][] = [
  ['the page', requestOf('GET', '/')],
  ['the page, with requests of another length', requestOf('GET', '/', 'X: abc\r\n')],
  ['the readiness', requestOf('GET', '/readyz')],
  ['an unknown path', requestOf('GET', '/nothing')],
  ['headers of the page', requestOf('HEAD', '/')],
  ['a cached page', requestOf('GET', '/', `If-None-Match: ${etag}\r\n`)],
  ['an unknown pipeline', requestOf('POST', '/frames?pipeline_id=nobody', 'Content-Length: 0\r\n')],
];

for (const [what, request] of floods) {
  test(`a peer that pipelines ${requestCount} requests for ${what} without reading is cut`, async (t) => {
    const before = residentMegabytes(gateway);
    const client = await RawClient.connect(gateway);
    client.socket.pause();
    client.socket.write(request.repeat(requestCount));
    // Another request is sent meanwhile: the gateway must still process it.
    const other = await StreamClient.open(gateway.streamUrl('echo'));
    t.match(await other.sendUntilStarted(frame), { result: { slept: 0 } });
    await other.close();
    const grownBy = residentMegabytes(gateway) - before;
    t.ok(grownBy < 40, `grew by ${Math.round(grownBy)} MB`);
    client.socket.resume();
    await client.closed();
    // Kernel buffers hold a few megabytes at most; all replies would be many times as much.
    t.ok(client.bytes().length < 10_000_000, `${client.bytes().length} bytes of replies`);
  });
}

test('a peer that reads gets every reply to its pipelined requests', async (t) => {
  const client = await RawClient.connect(gateway);
  client.socket.write(requestOf('GET', '/healthz').repeat(500));
  const replies = () => client.text().match(/\{"status":"ok"\}/g)?.length ?? 0;
  while (replies() < 500) await client.more();
  t.equal(replies(), 500);
  client.socket.destroy();
});

test('a reply that cannot be sent at once is complete when it is read', async (t) => {
  const client = await RawClient.connect(gateway);
  client.socket.write(requestOf('GET', '/web/main.js').repeat(10));
  const script = await (await fetch(`${gateway.httpUrl}/web/main.js`)).text();
  const replies = () => client.bytes().toString().split(script).length - 1;
  while (replies() < 10) await client.more();
  t.equal(replies(), 10);
  client.socket.destroy();
});

test('nothing was leaked', async (t) => {
  t.ok(openFileCount(gateway) < 80);
  t.notMatch(gateway.log(), /unexpected_error/);
});
