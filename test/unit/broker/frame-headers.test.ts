/** Headers of frames and replies: what was encoded, and what a hostile or broken peer sends. */
import { test } from 'tap';
import {
  decodeFrame,
  decodeReply,
  encodeFrame,
  encodeReply,
  type FrameHeader,
  type HostReply,
  outcomeForOldGateway,
  type SentFrame,
} from '../../../src/broker/frame-headers.ts';
import { noMoment } from '../../../src/session-state.ts';

const header: FrameHeader = {
  ...{ gateway: 'gate', pipeline: 'plates', fingerprint: 'f1', frameIndex: 7 },
  ...{ session: 's', camera: 'Tor – Süd', address: '192.0.2.1', maxHoldMs: 12.5, timeoutMs: 5000 },
};

const clock = { sessionMs: 1234.5, elapsedMs: 100.1, unixMs: 1_700_000_000_000 };
const bytes = Uint8Array.of(1, 2, 3);

test('a frame survives its way', async (t) => {
  const { session, camera, ...request } = header;
  const sent: readonly SentFrame[] = [
    { header, moment: { state: '', clock }, bytes },
    { header, moment: { state: '{"read":["f","Straße 🚗"]}', clock: { ...clock, elapsedMs: undefined } }, bytes },
    { header: request, moment: noMoment, bytes },
  ];
  for (const frame of sent) {
    const [text, body] = encodeFrame(frame);
    const { moment, ...received } = decodeFrame(text, body) as SentFrame;
    t.same(received.header, frame.header);
    t.same(moment, frame.moment);
    t.same([...received.bytes], [1, 2, 3]);
  }
});

test('a frame of an older gateway has no clock', async (t) => {
  t.same(decodeFrame(JSON.stringify(header), bytes)?.moment, noMoment);
});

test('a frame that is not one is refused', async (t) => {
  for (const text of ['', '{', 'null', '[]', '{}']) t.equal(decodeFrame(text, bytes), undefined, text);
  const wrong: readonly object[] = [
    ...['a.b', '', '>', 'x'.repeat(65), null].map((gateway) => ({ gateway })),
    { frameIndex: '7' },
    { maxHoldMs: -1 },
    { timeoutMs: null },
    { pipeline: ['plates'] },
    { camera: 'x'.repeat(70_000) },
    ...[-1, 0.5, 4, 70_000, '1'].map((stateBytes) => ({ stateBytes })),
    ...[null, {}, { ...clock, sessionMs: -1 }, { ...clock, unixMs: 'now' }].map((wrongClock) => ({
      clock: wrongClock,
    })),
  ];
  for (const change of wrong) t.equal(decodeFrame(JSON.stringify({ ...header, ...change }), bytes), undefined);
  t.equal(decodeFrame(JSON.stringify(header).replace('12.5', '1e999'), bytes), undefined);
});

const common = { tookMs: 3.25, limit: 4, others: 2 };
const replies: readonly HostReply[] = [
  { type: 'result', text: '{"n":1}', timings: {}, events: [], ...common },
  { type: 'result', text: '{"n":1}', timings: {}, state: '{"ü":[]}', events: ['{"type":"ä🚗"}', '{"n":2}'], ...common },
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
  for (const lengths of [{ stateLength: 1 }, { stateLength: 3 }, { eventLengths: [1] }, { eventLengths: [2, 2] }])
    t.equal(decodeReply(JSON.stringify({ ...result, ...lengths }), body), undefined);
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

test('a gateway of an older version gets the events in the result, and no state', async (t) => {
  t.equal(decodeFrame(JSON.stringify(header), bytes)?.isOfOldGateway, true);
  t.equal(decodeFrame(...encodeFrame({ header, moment: noMoment, bytes }))?.isOfOldGateway, false);
  const outcome = {
    type: 'result',
    text: '{"n":1}',
    timings: { decode: 1 },
    events: ['{"type":"a"}'],
    state: '{}',
  } as const;
  const [, body] = encodeReply({ ...outcomeForOldGateway(outcome), ...common });
  t.equal(body, '{"n":1,"events":[{"type":"a"}]}', 'it takes the whole body as the result');
  const { events: _, ...plain } = outcome;
  t.equal(encodeReply({ ...outcomeForOldGateway(plain), ...common })[1], '{"n":1}');
  t.same(outcomeForOldGateway({ type: 'dropped', reason: 'busy' }), { type: 'dropped', reason: 'busy' });
});
