/** Requests that two parsers could read differently, and the expected result of each. Data for http-smuggling.test.ts. */

/** The expected result of a request. */
export type Handling =
  /** A reply with this status; the next request on the connection gets a reply too. */
  | { readonly accepted: number }
  /** A reply with this status, then the end of the connection; or cut without a reply if something follows in the same segment. */
  | { readonly refused: number }
  /** The same by uWebSockets.js itself, as HTML, before the gateway sees the request. */
  | { readonly rejected: number }
  /** Cut without a reply: something that could be a request follows in the same segment. */
  | 'cut'
  /** Never complete for uWebSockets.js: no reply, and the connection ends after its timeout. */
  | 'unread';

export interface Shape {
  readonly name: string;
  readonly bytes: string;
  readonly handling: Handling;
}

const accepted = (status: number): Handling => ({ accepted: status });
const refused = (status: number): Handling => ({ refused: status });
const rejected = (status: number): Handling => ({ rejected: status });

const chunks = '3\r\nabc\r\n0\r\n\r\n';
/** A request hidden in a body. */
const smuggled = 'GET /pipelines HTTP/1.1\r\nHost: s\r\n\r\n';

const shape = (name: string, bytes: string, handling: Handling): Shape => ({ name, bytes, handling });
const get = (headers: string, line = 'GET /healthz HTTP/1.1') => `${line}\r\nHost: g\r\n${headers}\r\n`;
const post = (headers: string, body: string) =>
  `POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: g\r\n${headers}\r\n${body}`;
const chunked = (body: string) => post('Transfer-Encoding: chunked\r\n', body);

/** A frame that is not a JPEG gets 400 without ending the connection. */
const lengths: Shape[] = [
  shape('one Content-Length', post('Content-Length: 3\r\n', 'abc'), accepted(400)),
  shape('zeros before the length', post('Content-Length: 03\r\n', 'abc'), accepted(400)),
  shape('spaces around the length', post('Content-Length:  3 \r\n', 'abc'), accepted(400)),
  shape('a body behind GET', `${get('Content-Length: 3\r\n')}abc`, accepted(200)),
  shape('CL.CL, the same', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'), refused(400)),
  shape('CL.CL', post(`Content-Length: 3\r\nContent-Length: ${3 + smuggled.length}\r\n`, `abc${smuggled}`), 'cut'),
  shape('CL.CL of GET', `${get('Content-Length: 0\r\nContent-Length: 38\r\n')}${smuggled}`, 'cut'),
  shape('a list of lengths', post('Content-Length: 3, 3\r\n', 'abc'), rejected(400)),
  shape('no length', post('', ''), refused(400)),
  shape('an empty length', post('Content-Length:\r\n', smuggled), 'cut'),
  shape('a length of one space', post('Content-Length: \r\n', smuggled), 'cut'),
  shape('a length with a sign', post('Content-Length: +3\r\n', 'abc'), rejected(400)),
  shape('a negative length', post('Content-Length: -3\r\n', 'abc'), rejected(400)),
  shape('a length in hexadecimal', post('Content-Length: 0x3\r\n', 'abc'), rejected(400)),
  shape('a length above 2⁶⁴', post('Content-Length: 18446744073709551619\r\n', 'abc'), rejected(400)),
];

const encodings: Shape[] = [
  shape('chunked', chunked(chunks), refused(400)),
  shape('CHUNKED', post('Transfer-Encoding: CHUNKED\r\n', chunks), refused(400)),
  shape('CL.TE', post('Content-Length: 13\r\nTransfer-Encoding: chunked\r\n', chunks), rejected(400)),
  shape('TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', chunks), rejected(400)),
  shape('TE with an empty length', post('Transfer-Encoding: chunked\r\nContent-Length:\r\n', chunks), refused(400)),
  shape('an empty TE with a length', post('Transfer-Encoding:\r\nContent-Length: 3\r\n', 'abc'), refused(400)),
  shape('TE.TE', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', chunks), refused(400)),
  shape('TE.TE, the same', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunks), refused(400)),
  shape('an empty Transfer-Encoding', post('Transfer-Encoding:\r\n', ''), refused(400)),
  shape('identity', post('Transfer-Encoding: identity\r\n', chunks), refused(501)),
  shape('gzip', post('Transfer-Encoding: gzip\r\n', chunks), refused(501)),
  shape('gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', chunks), refused(501)),
  shape('xchunked', post('Transfer-Encoding: xchunked\r\n', chunks), refused(501)),
  shape('chunked in quotes', post('Transfer-Encoding: "chunked"\r\n', chunks), refused(501)),
  shape('chunked with a parameter', post('Transfer-Encoding: chunked;q=1\r\n', chunks), refused(501)),
  shape('chunks behind GET', `${get('Transfer-Encoding: chunked\r\n')}0\r\n\r\n`, refused(400)),
  shape('a space before the colon of TE', post('Transfer-Encoding : chunked\r\n', chunks), 'unread'),
];

const chunkShapes: Shape[] = [
  shape('chunks that end with LF', chunked(`3\nabc\n0\n\n${smuggled}`), 'cut'),
  shape('chunk data without its CRLF', chunked('3\r\nabcXX0\r\n\r\n'), refused(400)),
  shape('a chunk of a negative size', chunked('-3\r\nabc\r\n0\r\n\r\n'), rejected(400)),
  shape('a chunk size with 0x', chunked('0x3\r\nabc\r\n0\r\n\r\n'), rejected(400)),
  shape('a chunk of 2⁷² bytes', chunked('fffffffffffffffff\r\nabc\r\n0\r\n\r\n'), rejected(400)),
  shape('a chunk size that is not a number', chunked('zz\r\nabc\r\n0\r\n\r\n'), rejected(400)),
  shape('a chunk extension', chunked('3;a=b\r\nabc\r\n0\r\n\r\n'), 'unread'),
  shape('trailers', chunked('3\r\nabc\r\n0\r\nX: y\r\n\r\n'), rejected(505)),
];

const lines: Shape[] = [
  shape('a folded header', get('X: a\r\n b\r\n'), 'unread'),
  shape('a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', chunks), 'unread'),
  shape('a space before the colon', get('X : a\r\n'), 'unread'),
  shape('a header without a name', get(': a\r\n'), accepted(200)),
  // uWebSockets.js hides headers after one without a name.
  shape('a length behind a header without a name', post(': a\r\nContent-Length: 3\r\n', 'abc'), refused(400)),
  shape('LF between headers', get('X: a\nY: b\r\n'), 'unread'),
  shape('CR in a header', get('X: a\rY: b\r\n'), 'unread'),
  shape('NUL in a value', get('X: a\0b\r\n'), 'unread'),
  shape('NUL in a name', get('X\0: a\r\n'), 'unread'),
  shape('LF everywhere', 'GET /healthz HTTP/1.1\nHost: g\n\n', rejected(505)),
  shape('no Host', 'GET /healthz HTTP/1.1\r\nX: a\r\n\r\n', rejected(400)),
  shape('no header at all', 'GET /healthz HTTP/1.1\r\n\r\n', 'unread'),
  shape('two Hosts', get('Host: h\r\n'), refused(400)),
  shape('an absolute target', get('', 'GET http://g/healthz HTTP/1.1'), rejected(505)),
  shape('an asterisk', get('', 'OPTIONS * HTTP/1.1'), rejected(505)),
  shape('CONNECT', get('', 'CONNECT g:80 HTTP/1.1'), rejected(505)),
  shape('HTTP/1.0', get('', 'GET /healthz HTTP/1.0'), rejected(505)),
  shape('HTTP/0.9', 'GET /healthz\r\n', 'unread'),
  shape('HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', rejected(505)),
  shape('a lower-case method', get('', 'get /healthz HTTP/1.1'), refused(400)),
  shape('a method that is not a token', get('', 'G@T /healthz HTTP/1.1'), refused(400)),
  shape('two spaces in the first line', get('', 'GET  /healthz HTTP/1.1'), rejected(505)),
  shape('a first line of 40 KB', get('', `GET /${'x'.repeat(40_000)} HTTP/1.1`), rejected(431)),
  shape('an empty line before', `\r\n${get('')}`, 'unread'),
  shape('an unknown method', get('', 'BREW /healthz HTTP/1.1'), accepted(405)),
];

const upgradeLines = [
  ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].join('\r\n');
const upgrade = (headers: string) =>
  get(`${upgradeLines}\r\n${headers}`, 'GET /ws/video/stream?pipeline_id=echo HTTP/1.1');

/** A proxy that sees the upgrade fail continues with HTTP; one that sees it succeed does not inspect what follows. */
const upgrades: Shape[] = [
  shape('an upgrade with a body', `${upgrade(`Content-Length: ${smuggled.length}\r\n`)}${smuggled}`, refused(400)),
  shape('an upgrade in chunks', `${upgrade('Transfer-Encoding: chunked\r\n')}0\r\n\r\n`, refused(400)),
  shape('an upgrade of another version', upgrade('').replace('Version: 13', 'Version: 777'), refused(426)),
  shape('an upgrade elsewhere', upgrade('').replace('/ws/video/stream', '/healthz'), accepted(404)),
];

export const shapes: readonly Shape[] = [...lengths, ...encodings, ...chunkShapes, ...lines, ...upgrades];
