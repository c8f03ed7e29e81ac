/** `pipeline_id`: selects the pipeline of a session; errors for missing and unknown ids. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());
const streamUrl = `ws://127.0.0.1:${gateway.port}/ws/video/stream`;

/** @returns all messages received, and the close code. */
async function refusalOf(url: string): Promise<[texts: string[], closeCode: number]> {
  const client = await StreamClient.open(url);
  const code = await client.closed();
  return [client.texts, code];
}

const missing = '{"error":"invalid_pipeline","detail":"pipeline_id query parameter is required"}';

for (const query of ['', '?', '?pipeline_id', '?pipeline_id=', '?pipeline=echo', '?PIPELINE_ID=echo']) {
  test(`"${query}" names no pipeline and is closed with 1008`, async (t) => {
    t.strictSame(await refusalOf(streamUrl + query), [[missing], 1008]);
  });
}

const odd: [what: string, query: string, id: string][] = [
  ['a plain word', 'no-such', 'no-such'],
  ['an id in the wrong case', 'ECHO', 'ECHO'],
  ['an escaped space', 'two%20words', 'two words'],
  ['quotes and a backslash', '%22%5C%22', '"\\"'],
  ['a line break', 'a%0Ab', 'a\nb'],
  ['markup', '%3Cscript%3E', '<script>'],
  ['letters beyond ASCII', '%C3%BC%E6%97%A5%F0%9F%93%B7', 'ü日📷'],
  ['a path', '..%2F..%2Fetc%2Fpasswd', '../../etc/passwd'],
  ['a name that every object has', '__proto__', '__proto__'],
];

for (const [what, query, id] of odd) {
  test(`${what} is an unknown pipeline, and the error quotes the decoded id`, async (t) => {
    const [texts, code] = await refusalOf(`${streamUrl}?pipeline_id=${query}`);
    t.equal(code, 1008);
    t.equal(texts.length, 1);
    t.strictSame(JSON.parse(texts[0] as string), { error: 'invalid_pipeline', detail: `Unknown pipeline_id: ${id}` });
  });
}

for (const query of ['%', '%zz', '%C3', 'a%00b', 'x'.repeat(2000)]) {
  test(`"${query.slice(0, 8)}" as an id gets a JSON error`, async (t) => {
    const [texts, code] = await refusalOf(`${streamUrl}?pipeline_id=${query}`);
    t.equal(code, 1008);
    t.equal(texts.length, 1);
    t.match(JSON.parse(texts[0] as string), { error: 'invalid_pipeline', detail: String });
  });
}

test('frames of a refused client get no reply', async (t) => {
  const client = await StreamClient.open(`${streamUrl}?pipeline_id=nope`);
  client.send(encodeGradient(8, 8));
  t.equal(await client.closed(), 1008);
  t.strictSame(client.texts, ['{"error":"invalid_pipeline","detail":"Unknown pipeline_id: nope"}']);
});

test('an escaped id is decoded', async (t) => {
  const client = await StreamClient.open(`${streamUrl}?pipeline_id=%65ch%6F`);
  t.match(await client.sendUntilStarted(encodeGradient(8, 8)), { frame_index: 0, result: { width: 8 } });
  t.equal(await client.close(), 1005);
});

test('unknown query parameters are ignored, before and after the id', async (t) => {
  const client = await StreamClient.open(`${streamUrl}?token=a%26b&fps=30&pipeline_id=echo&pipeline=slow&x`);
  t.match(await client.sendUntilStarted(encodeGradient(8, 8)), { frame_index: 0, result: { slept: 0 } });
  t.equal(await client.close(), 1005);
});

test('refused clients leak nothing', async (t) => {
  t.equal((await idle(gateway)).pool.sessions, 0);
});
