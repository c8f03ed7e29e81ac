/** Headers of frames and replies: what was encoded, and what a hostile or broken peer sends. */
import { test } from 'tap';
import {
  decodeFrameHeader,
  decodeReply,
  encodeFrameHeader,
  encodeReply,
  type FrameHeader,
  type HostReply,
} from '../../../src/broker/frame-headers.ts';

const header: FrameHeader = {
  ...{ gateway: 'gate', pipeline: 'plates', fingerprint: 'f1', frameIndex: 7 },
  ...{ session: 's', camera: 'Tor – Süd', address: '192.0.2.1', maxHoldMs: 12.5, timeoutMs: 5000 },
};

test('a frame header survives its way', async (t) => {
  t.same(decodeFrameHeader(encodeFrameHeader(header)), header);
  const { session, camera, ...request } = header;
  t.same(
    decodeFrameHeader(encodeFrameHeader({ ...request, session: undefined, camera: undefined })),
    request,
    'a frame of POST /frames has neither session nor camera',
  );
});

test('a header that is not one is refused', async (t) => {
  for (const text of ['', '{', 'null', '[]', '{}']) t.equal(decodeFrameHeader(text), undefined, text);
  const wrong: readonly Partial<Record<keyof FrameHeader, unknown>>[] = [
    ...['a.b', '', '>', 'x'.repeat(65), null].map((gateway) => ({ gateway })),
    { frameIndex: '7' },
    { maxHoldMs: -1 },
    { timeoutMs: null },
    { pipeline: ['plates'] },
    { camera: 'x'.repeat(70_000) },
  ];
  for (const change of wrong) t.equal(decodeFrameHeader(JSON.stringify({ ...header, ...change })), undefined);
  t.equal(decodeFrameHeader(encodeFrameHeader(header).replace('12.5', '1e999')), undefined);
});

const common = { tookMs: 3.25, limit: 4, others: 2 };
const replies: readonly HostReply[] = [
  { type: 'result', text: '{"label":"Tür"}', timings: { decode: 1.5 }, ...common },
  { type: 'failed', code: 'pipeline_failure', detail: 'Test tool failed', reason: 'why', ...common },
  { type: 'dropped', reason: 'expired', ...common },
  { type: 'refused', reason: 'leaving', ...common },
];

for (const reply of replies)
  test(`a reply survives its way: ${reply.type}`, async (t) => {
    const [text, body] = encodeReply(reply);
    t.same(decodeReply(text, Buffer.from(body)), reply);
  });

test('a reply that is not one is refused', async (t) => {
  const result = { type: 'result', timings: {}, ...common };
  const body = Buffer.from('{}');
  const wrong: readonly object[] = [
    { ...result, tookMs: null },
    { ...result, tookMs: -1 },
    { ...result, others: -1 },
    { ...result, limit: 1e9 },
    { ...result, limit: -1 },
    { ...result, limit: 0.5 },
    { ...result, timings: { decode: 'slow' } },
    { ...result, timings: { decode: -1 } },
    { ...result, type: 'other' },
    { type: 'failed', code: 'server_busy', detail: '', reason: '', ...common },
    { type: 'dropped', reason: 'none', ...common },
    { type: 'refused', reason: 'none', ...common },
    { type: 'failed', code: 'pipeline_failure', detail: 'x'.repeat(70_000), reason: '', ...common },
  ];
  t.match(decodeReply(JSON.stringify(result), body), { type: 'result' });
  for (const header of wrong) t.equal(decodeReply(JSON.stringify(header), body), undefined);
  t.equal(decodeReply(JSON.stringify(result).replace('3.25', '1e999'), body), undefined);
  t.equal(decodeReply(JSON.stringify(result).replace('3.25', 'NaN'), body), undefined);
  for (const text of ['', '7', '[1]', '"{}"', '{"a":1', 'null', ' {}'])
    t.equal(decodeReply(JSON.stringify(result), Buffer.from(text)), undefined, `not the text of an object: ${text}`);
});
