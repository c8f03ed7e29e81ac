/** Events of results: sent once, also if the result that brought them was dropped for a client that does not read. */
import { test } from 'tap';
import type { Grant } from '../../../src/auth/grant.ts';
import type { FrameOutcome } from '../../../src/pool/messages.ts';
import { SessionManager } from '../../../src/session/session-manager.ts';
import { TokenUse } from '../../../src/session/token-uses.ts';
import { headerOnly } from '../../support/jpeg-bytes.ts';
import { mockSessionParts, openMockSession, replyOf, sendBufferBytes } from '../../support/mock-session.ts';

const frame = headerOnly({ width: 8, height: 8 });

function resultWith(...events: string[]): FrameOutcome {
  return { type: 'result', text: '{"n":1}', timings: {}, events: events.map((type) => JSON.stringify({ type })) };
}

const reply = (frameIndex: number, events: string) =>
  `{"frame_index":${frameIndex},"result":{"n":1,"events":[${events}]}}`;

test('events are a part of the result; a pipeline without events has no such key', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  pool.finish(0, resultWith('enter', 'leave'));
  pool.finish(1, resultWith());
  pool.finish(2);
  t.same(outbox.sent, [reply(0, '{"type":"enter"},{"type":"leave"}'), reply(1, ''), replyOf(2)]);
});

test('the events of a dropped result go out with the next one, once', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 4; i++) session.receiveFrame(frame);
  outbox.unread = sendBufferBytes + 1;
  pool.finish(0, resultWith('a'));
  pool.finish(1, resultWith('b'));
  outbox.unread = 0;
  pool.finish(2, resultWith('c'));
  pool.finish(3, resultWith());
  t.same(outbox.sent, [
    '{"frame_index":0,"dropped":true}',
    '{"frame_index":1,"dropped":true}',
    reply(2, '{"type":"a"},{"type":"b"},{"type":"c"}'),
    reply(3, ''),
  ]);
});

test('events that could not be kept are counted', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  outbox.unread = sendBufferBytes + 1;
  pool.finish(0, resultWith('x'.repeat(40_000)));
  pool.finish(1, resultWith('y'.repeat(40_000)));
  outbox.unread = 0;
  pool.finish(2, resultWith());
  const { result } = JSON.parse(outbox.sent.at(-1) ?? '') as {
    result: { events: { type: string }[]; events_lost: number };
  };
  t.match(result, { events_lost: 1, events: [{ type: /^y+$/ }] });
  t.equal(result.events.length, 1);
});

test('kept events go out with the next result, also if its tool reports events only when there are any', async (t) => {
  const { session, pool, outbox } = openMockSession();
  for (let i = 0; i < 3; i++) session.receiveFrame(frame);
  outbox.unread = sendBufferBytes + 1;
  pool.finish(0, resultWith('a'));
  outbox.unread = 0;
  const plain: FrameOutcome = { type: 'result', text: '{"n":1}', timings: {} };
  pool.finish(1, plain);
  pool.finish(2, plain);
  t.same(outbox.sent, [
    '{"frame_index":0,"dropped":true}',
    reply(1, '{"type":"a"}'),
    '{"frame_index":2,"result":{"n":1}}',
  ]);
});

test('a result that cannot be limited ends the session, so that no frame stays without a reply', async (t) => {
  const { parts, pool, outbox } = mockSessionParts();
  const grant = {
    ...{ name: 'guest', scopes: [], pipelines: 'all', expiresMs: undefined },
    ...{ maxFramesPerSecond: 100, maxSessions: 1, maxDetections: 1, maxTextLength: 1 },
  } as unknown as Grant;
  const session = new SessionManager({ ...parts, token: new TokenUse(grant, 0) });
  session.receiveFrame(frame);
  pool.finish(0, { type: 'result', text: '{no JSON}', timings: {} });
  t.same(outbox.sent, ['{"error":"internal_error","detail":"Unexpected error occurred"}']);
  t.same(outbox.closeCodes, [1011]);
});
