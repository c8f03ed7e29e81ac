/** Requests that are rejected although uWebSockets.js accepts them. test/protocol has the same over real connections. */
import { test } from 'tap';
import { findRequestIssue, isHandshake } from '../../../src/server/request-checks.ts';
import { fakeRequest } from '../../support/fake-request.ts';

const host = 'host: g';
const handshake = [
  ...[host, 'connection: keep-alive, Upgrade', 'upgrade: websocket'],
  ...['sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=='],
];
const stream = 'GET /ws/video/stream';

function handshakeWith(name: string, value: string): string[] {
  return handshake.map((header) => (header.startsWith(`${name}:`) ? `${name}: ${value}` : header));
}

test('a valid request has no issue', async (t) => {
  t.equal(findRequestIssue(fakeRequest('GET /healthz', [host, 'cookie: a', 'cookie: b'])), undefined);
  t.equal(findRequestIssue(fakeRequest('POST /frames', [host, 'content-length: 0'])), undefined);
  t.equal(findRequestIssue(fakeRequest('POST /frames', [host, 'transfer-encoding: Chunked'])), undefined);
  t.equal(findRequestIssue(fakeRequest(stream, handshake)), undefined);
  t.equal(isHandshake(fakeRequest(stream, handshake)), true);
});

const refused: [line: string, headers: string[], code: string, detail: string][] = [
  ['GET /', [host, host], 'bad_request', 'Malformed request: more than one host header'],
  [
    'POST /frames',
    [host, 'content-length: 1', 'content-length: 2'],
    'bad_request',
    'Malformed request: more than one content-length header',
  ],
  ['POST /frames', [host, 'content-length:'], 'bad_request', 'Malformed request: empty content-length'],
  ['POST /frames', [host], 'bad_request', 'Malformed request: no content-length'],
  ['POST /frames', [host, 'transfer-encoding:'], 'bad_request', 'Malformed request: empty transfer-encoding'],
  ['POST /frames', [host, 'transfer-encoding: gzip'], 'not_implemented', 'Unknown Transfer-Encoding'],
  [
    'PUT /frames',
    [host, 'transfer-encoding: chunked'],
    'bad_request',
    'Malformed request: only POST /frames takes a chunked body',
  ],
  ['get /', [host], 'bad_request', 'Malformed request: method not in upper-case letters'],
  [stream, handshakeWith('sec-websocket-version', '8'), 'upgrade_required', 'Expected Sec-WebSocket-Version: 13'],
  [
    stream,
    handshakeWith('sec-websocket-key', 'short'),
    'bad_request',
    'Malformed request: Sec-WebSocket-Key is not 16 bytes in Base64',
  ],
  [
    stream,
    [...handshake, 'sec-websocket-key: x'],
    'bad_request',
    'Malformed request: more than one sec-websocket-key header',
  ],
  [stream, [...handshake, 'content-length: 4'], 'bad_request', 'Malformed request: an upgrade has no body'],
];

for (const [line, headers, code, detail] of refused) {
  test(`${line} with ${headers.slice(1).join(', ') || 'nothing'} is rejected: ${detail}`, async (t) => {
    const request = fakeRequest(line, headers);
    t.strictSame(findRequestIssue(request), { code, detail });
    t.equal(isHandshake(request), false);
  });
}

test('without Connection or Upgrade, a request is valid but opens no WebSocket', async (t) => {
  for (const missing of ['connection', 'upgrade']) {
    const request = fakeRequest(stream, handshakeWith(missing, 'close'));
    t.equal(isHandshake(request), false);
    t.equal(findRequestIssue(request), undefined);
  }
});
