/** Every message is one JSON object with exactly one of the four keys, and every code has its close code. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type StreamErrorCode, streamErrors } from '../../src/errors.ts';
import {
  addEvents,
  closeCodeOf,
  encodeDropped,
  encodeError,
  encodeResult,
  slowDownMessage,
} from '../../src/protocol.ts';

const kinds = ['result', 'dropped', 'warning', 'error'];

function kindsIn(message: string): string[] {
  return Object.keys(JSON.parse(message) as object).filter((key) => kinds.includes(key));
}

test('messages are written as the contract shows them', async (t) => {
  t.equal(encodeDropped(12), '{"frame_index":12,"dropped":true}');
  t.equal(slowDownMessage, '{"warning":"slow_down"}');
  t.equal(
    encodeError('invalid_pipeline', 'Unknown pipeline_id: X'),
    '{"error":"invalid_pipeline","detail":"Unknown pipeline_id: X"}',
  );
  t.equal(
    encodeResult(3, JSON.stringify({ width: 1, height: 2, timings_ms: {} })),
    '{"frame_index":3,"result":{"width":1,"height":2,"timings_ms":{}}}',
  );
});

test('every message has exactly one of the four keys', async (t) => {
  t.same(kindsIn(encodeDropped(0)), ['dropped']);
  t.same(kindsIn(slowDownMessage), ['warning']);
  t.same(kindsIn(encodeError('internal_error', 'x')), ['error']);
  t.same(kindsIn(encodeResult(0, '{}')), ['result']);
});

test('the close codes are those of the contract', async (t) => {
  const codes: Record<StreamErrorCode, number> = {
    invalid_pipeline: 1008,
    invalid_frame: 1007,
    frame_too_large: 1009,
    invalid_message: 1003,
    pipeline_failure: 1011,
    server_busy: 1013,
    slow_reader: 1008,
    idle_timeout: 1008,
    rate_limited: 1008,
    unauthorized: 3000,
    forbidden: 3003,
    internal_error: 1011,
  };
  t.same(
    Object.fromEntries(Object.keys(streamErrors).map((code) => [code, closeCodeOf(code as StreamErrorCode)])),
    codes,
  );
});

/** Any code units, halves of surrogate pairs among them. */
const anyText = fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units));

test('any detail can be written and read back, quotes and broken text too', async () => {
  fc.assert(
    fc.property(anyText, (detail) => {
      assert.deepEqual(JSON.parse(encodeError('invalid_pipeline', detail)), { error: 'invalid_pipeline', detail });
    }),
  );
});

test('events are added to a result of any keys', async (t) => {
  t.equal(addEvents('{}', ['{"type":"a"}']), '{"events":[{"type":"a"}]}');
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.dictionary(anyText, fc.jsonValue())),
      (result, events) => {
        const { events: _, events_lost: __, ...others } = JSON.parse(JSON.stringify(result));
        const text = addEvents(
          JSON.stringify(others),
          events.map((event) => JSON.stringify(event)),
          3,
        );
        assert.deepEqual(JSON.parse(text), { ...others, events: JSON.parse(JSON.stringify(events)), events_lost: 3 });
      },
    ),
  );
});
