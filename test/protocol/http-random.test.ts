/**
 * Random requests built from constructs that parsers disagree about. The gateway replies to what a strict parser finds, in that order, and
 * to nothing else; a reply to anything else ends the connection. `SEED` and `ROUNDS` in the environment repeat or extend a run.
 */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { exchange } from '../support/http-replies.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { strictRequests } from '../support/strict-http.ts';

const seed = Number(process.env['SEED'] ?? 14);
const rounds = Number(process.env['ROUNDS'] ?? 250);

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

/** A request hidden in a body. */
const smuggled = 'GET /pipelines HTTP/1.1\r\nHost: s\r\n\r\n';
const probe = 'GET /readyz HTTP/1.1\r\nHost: probe\r\n\r\n';

const methods = ['GET', 'POST', 'HEAD', 'OPTIONS'];
const oddMethods = ['get', 'PO ST', 'P\0ST', ''];
const targets = ['/healthz', '/frames?pipeline_id=echo', '/frames', '/nowhere', '//'];
const oddTargets = ['*', 'http://g/healthz', '', '/a b'];
const versions = ['HTTP/1.1'];
const oddVersions = ['HTTP/1.0', 'HTTP/2.0', 'http/1.1', ''];
const ends = ['\n', '\r', '\r\r\n'];
const names = ['Content-Length', 'Content-Length', 'Transfer-Encoding', 'Transfer-Encoding', 'content-length'];
/** Excludes headers without a name, which uWebSockets.js accepts; see http-shapes.ts. */
const oddNames = [
  'Content_Length',
  'Transfer-Encoding ',
  ' Transfer-Encoding',
  'Content-Length\t',
  'X',
  'Host',
  'Expect',
];
const values = ['0', '3', '38', '41', '1', 'chunked', 'chunked', 'chunked', 'Chunked', 'identity'];
const oddValues = [
  '',
  '+3',
  '-1',
  '0x3',
  '3, 3',
  '3 3',
  'gzip, chunked',
  ' chunked',
  '\x0bchunked',
  'chunked\0',
  '1e1',
  '9'.repeat(30),
];
const bodies = ['', 'abc', smuggled, `abc${smuggled}`, `0\r\n\r\n${smuggled}`, `26\r\n${smuggled}\r\n0\r\n\r\n`];
const oddBodies = [
  '3\nabc\n0\n\n',
  '3\r\nabcXX0\r\n\r\n',
  '3;x\r\nabc\r\n0\r\n\r\n',
  '-1\r\n\r\n',
  `0\r\nX: y\r\n\r\n`,
  'ffffffffff\r\n',
];

/** One part in eight is unusual. */
const defaultShare = 7 / 8;

function makeRequest(random: () => number): string {
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] as string;
  const either = (fallback: readonly string[], odd: readonly string[]) =>
    pick(random() < defaultShare ? fallback : odd);
  const lines = [[either(methods, oddMethods), either(targets, oddTargets), either(versions, oddVersions)].join(' ')];
  if (random() < 0.95) lines.push('Host: g');
  const headers = Math.floor(random() * 3);
  for (let i = 0; i < headers; i++)
    lines.push(`${either(names, oddNames)}${either([': ', ':'], [' : '])}${either(values, oddValues)}`);
  return `${lines.map((line) => line + either(['\r\n'], ends)).join('')}\r\n${either(bodies, oddBodies)}`;
}

/** Whether a response belongs to a request, by status and body. */
function repliesIn(text: string): string[] {
  return text.split(/(?=HTTP\/1\.1 \d{3} )/).filter((reply) => /^HTTP\/1\.1 [2-5]/.test(reply));
}

function isReplyTo(reply: string, request: string): boolean {
  if (request === 'GET /pipelines') return reply.includes('{"pipelines":[');
  if (request === 'GET /readyz') return reply.includes('{"ready":');
  return !reply.includes('{"pipelines":[') && !reply.includes('{"ready":');
}

test(`${rounds} random requests with seed ${seed}: no reply to a request that a strict parser does not see`, async (t) => {
  const random = seededRandom(seed);
  let fullyAnswered = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = makeRequest(random) + probe;
    const cut = Math.floor(random() * bytes.length);
    const pieces = random() < 0.5 ? [bytes] : [bytes.slice(0, cut), bytes.slice(cut)];
    const { text, isEnded } = await exchange(
      gateway,
      pieces.map((piece) => Buffer.from(piece, 'latin1')),
    );
    const replies = repliesIn(text);
    const expected = strictRequests(bytes);
    const isLast = (index: number) => index === replies.length - 1 && isEnded;
    const wrong = replies.findIndex((reply, index) => !isReplyTo(reply, expected[index] ?? '') && !isLast(index));
    const surplus = replies.length > expected.length + (isEnded ? 1 : 0);
    if (wrong >= 0 || surplus) t.fail(`round ${round}`, { pieces, expected, replies, isEnded });
    if (text.includes('{"pipelines":[') && !expected.includes('GET /pipelines'))
      t.fail(`round ${round}: smuggled`, { pieces });
    if (expected.length > 0 && replies.length === expected.length) fullyAnswered += 1;
  }
  t.ok(fullyAnswered > rounds / 10, `${fullyAnswered} were valid and got all replies`);
});

test('the gateway is unaffected', async (t) => {
  t.notMatch(gateway.log(), /unexpected_error|worker_exit/);
});
