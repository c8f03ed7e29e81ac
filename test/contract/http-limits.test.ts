/** Replies that uWebSockets.js sends by itself, as HTML, before the gateway sees a request; documented in docs/reference/http-api.md. */
import tap, { type Test, test } from 'tap';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { RawClient, upgradeRequest } from '../support/raw-client.ts';

/** Size of a request's first line and headers, including the empty line at their end. */
const defaultMaxBytes = 32_768;
const maxHeaders = 98;
/** Much longer than the ten seconds for which uWebSockets.js keeps a connection without a complete request. */
const giveUpMs = 120_000;

const [gateway, narrow] = await Promise.all([
  startGateway({ POOL_WORKERS: '1' }),
  startGateway({ POOL_WORKERS: '1', UWS_HTTP_MAX_HEADERS_SIZE: '2000' }),
]);
tap.teardown(() => Promise.all([gateway.kill(), narrow.kill()]));

/** Sends the text in pieces. @returns what arrives until the connection ends, or the first response. */
async function ask(t: Test, request: string, pieces: number = 1, { port }: Pick<Gateway, 'port'> = gateway) {
  const client = await RawClient.connect({ port });
  t.teardown(() => client.socket.destroy());
  client.socket.setNoDelay(true);
  const size = Math.ceil(request.length / pieces);
  for (let at = 0; at < request.length; at += size) {
    client.socket.write(request.slice(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (!client.text().includes('\r\n\r\n')) await client.more();
  return client;
}

/** A request of this size, most of it in a cookie. */
function requestOf(bytes: number, path: string = '/healthz'): string {
  const head = `GET ${path} HTTP/1.1\r\nHost: gate\r\nCookie: `;
  const end = '\r\n\r\n';
  return head + 'c'.repeat(bytes - head.length - end.length) + end;
}

/** uWebSockets.js replies with HTML and closes; the gateway is not involved. */
async function isRefused(t: Test, request: string, status: string, heading: string, pieces?: number, server?: Gateway) {
  const client = await ask(t, request, pieces, server);
  await client.closed();
  t.match(client.text(), new RegExp(`^HTTP/1\\.1 ${status}\\r\\nConnection: close\\r\\n\\r\\n<h1>${heading}</h1>`));
}

const tooLarge = ['431 Request Header Fields Too Large', 'Request Header Fields Too Large'] as const;
const notSupported = ['505 HTTP Version Not Supported', 'HTTP Version Not Supported'] as const;
const badRequest = ['400 Bad Request', 'Bad Request'] as const;

test('the limit of first line and headers matches nginx, in one piece or many', async (t) => {
  for (const pieces of [1, 20]) {
    t.match((await ask(t, requestOf(defaultMaxBytes), pieces)).text(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*{"status":"ok"}$/);
    await isRefused(t, requestOf(defaultMaxBytes + 1), ...tooLarge, pieces);
  }
});

test('an upgrade has the same limit', async (t) => {
  const upgrade = upgradeRequest('echo');
  const withCookie = (bytes: number) => {
    const head = `${upgrade.slice(0, -2)}Cookie: `;
    return `${head}${'c'.repeat(bytes - head.length - 4)}\r\n\r\n`;
  };
  t.match((await ask(t, withCookie(defaultMaxBytes))).text(), /^HTTP\/1\.1 101 /);
  await isRefused(t, withCookie(defaultMaxBytes + 1), ...tooLarge);
});

test('UWS_HTTP_MAX_HEADERS_SIZE changes the limit', async (t) => {
  t.match((await ask(t, requestOf(2000), 1, narrow)).text(), /^HTTP\/1\.1 200 OK/);
  await isRefused(t, requestOf(2001), ...tooLarge, 1, narrow);
});

test('98 headers are allowed, whatever their length', async (t) => {
  const request = (headers: number) => `GET /healthz HTTP/1.1\r\nHost: gate\r\n${'x: y\r\n'.repeat(headers - 1)}\r\n`;
  t.match((await ask(t, request(maxHeaders))).text(), /^HTTP\/1\.1 200 OK/);
  await isRefused(t, request(maxHeaders + 1), ...tooLarge);
});

test('anything but HTTP/1.1 is rejected, and so is a first line without a path', async (t) => {
  const headers = 'Host: gate\r\n\r\n';
  for (const line of [
    'GET /healthz HTTP/1.0',
    'GET /healthz HTTP/2.0',
    'PRI * HTTP/2.0',
    'OPTIONS * HTTP/1.1',
    'GET http://gate/healthz HTTP/1.1',
  ]) {
    await isRefused(t, `${line}\r\n${headers}`, ...notSupported);
  }
  await isRefused(t, 'GET /healthz HTTP/1.1\nHost: gate\n\n', ...notSupported);
});

test('a request without Host or with an invalid length gets 400', async (t) => {
  await isRefused(t, 'GET /healthz HTTP/1.1\r\nAccept: */*\r\n\r\n', ...badRequest);
  const post = 'POST /frames HTTP/1.1\r\nHost: gate\r\n';
  await isRefused(t, `${post}Content-Length: many\r\n\r\n`, ...badRequest);
  await isRefused(t, `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`, ...badRequest);
});

test('an invalid header gets no response: the connection is closed', { timeout: giveUpMs }, async (t) => {
  const requests = ['no colon', 'space before : colon', ' folded: line'].map(
    (header) => `GET /healthz HTTP/1.1\r\nHost: gate\r\n${header}\r\n\r\n`,
  );
  await Promise.all(
    [...requests, 'GET /healthz HTTP/1.1\r\n\r\n', 'GET /healthz'].map(async (request) => {
      const client = await RawClient.connect(gateway);
      client.socket.write(request);
      await client.closed();
      t.equal(client.text(), '', request);
    }),
  );
});
