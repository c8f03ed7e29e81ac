/** Every message of the protocol is parsed; anything else is unexpected. */
import fc from 'fast-check';
import { test } from 'tap';
import { streamErrors } from '../../../src/errors.ts';
import { readReply } from '../../../src/load/reply.ts';
import { encodeDropped, encodeError, encodeResult, slowDownMessage } from '../../../src/protocol.ts';

test('messages written by the gateway are parsed', async (t) => {
  const result = JSON.stringify({ width: 1, height: 1, timings_ms: {} });
  t.strictSame(readReply(encodeResult(7, result)), { kind: 'result', index: 7, serviceMs: undefined });
  t.strictSame(readReply(encodeDropped(3)), { kind: 'dropped', index: 3 });
  t.strictSame(readReply(slowDownMessage), { kind: 'slow_down' });
  for (const code of Object.keys(streamErrors) as (keyof typeof streamErrors)[]) {
    t.strictSame(readReply(encodeError(code, 'why')), { kind: 'error', code, detail: 'why', index: undefined });
  }
});

test('a result has a service time if the server reports one', async (t) => {
  const serviceMs = (result: unknown) => readReply(JSON.stringify({ frame_index: 0, result }));
  t.match(serviceMs({ timings_ms: { total: 14.25 } }), { kind: 'result', serviceMs: 14.25 });
  for (const result of [
    null,
    5,
    {},
    { timings_ms: null },
    { timings_ms: { total: '14' } },
    { timings_ms: { total: -1 } },
  ])
    t.strictSame(serviceMs(result), { kind: 'result', index: 0, serviceMs: undefined }, JSON.stringify(result));
});

test('an unknown error code becomes "other" and keeps its frame index', async (t) => {
  t.strictSame(readReply('{"error":"kaput","frame_index":2}'), {
    kind: 'error',
    code: 'other',
    detail: 'kaput',
    index: 2,
  });
  t.match(readReply('{"error":"toString"}'), { code: 'other' });
  t.match(readReply('{"error":"__proto__"}'), { code: 'other' });
});

test('a detail has a limited length and no control characters', async (t) => {
  const reply = readReply(JSON.stringify({ error: 'internal_error', detail: `\u001b[2J${'x'.repeat(5000)}` }));
  t.ok(reply.kind === 'error' && reply.detail.startsWith(' [2Jx') && reply.detail.length === 200);
  t.match(readReply('{"error":"internal_error","detail":{"toString":1}}'), { detail: 'internal_error' });
});

test('anything that is not part of the protocol is unexpected', async (t) => {
  for (const text of [
    '',
    'hello',
    'null',
    '5',
    '"result"',
    '[]',
    '{}',
    '{"result":{}}',
    '{"frame_index":0}',
    '{"frame_index":0,"dropped":false}',
    '{"frame_index":-0.5,"result":{}}',
    '{"frame_index":"0","result":{}}',
    '{"frame_index":1e300,"dropped":true}',
    '{"warning":"fire"}',
    '{"error":{"code":1}}',
  ]) {
    t.strictSame(readReply(text), { kind: 'unexpected' }, text);
  }
});

test('no text makes the parser throw', async (t) => {
  const keys = fc.constantFrom('frame_index', 'result', 'dropped', 'warning', 'error', 'detail');
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => typeof readReply(text).kind === 'string'));
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), (message) => {
      return typeof readReply(JSON.stringify(message)).kind === 'string';
    }),
  );
  t.pass();
});
