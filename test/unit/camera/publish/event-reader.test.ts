/** Events of results as messages: ids, what is lost, and results of any shape. */
import fc from 'fast-check';
import { test } from 'tap';
import { EventReader, withLost } from '../../../../src/camera/publish/event-reader.ts';

const nowMs = 1_700_000_000_000;

function readerOf(camera = 'gate') {
  let next = 0;
  return new EventReader(camera, () => `id-${next++}`);
}

test('an event keeps everything that its tool put into it, and gets an id and its camera', async (t) => {
  const event = { type: 'cross', at_ms: 5, zone: 'gate', direction: 'in', label: 'car', speed: { kmh: 31 } };
  const { events, leftOut, unusable } = readerOf().read({ events: [event] }, nowMs);
  t.strictSame([leftOut, unusable], [0, 0]);
  t.match(events, [{ id: 'id-0', camera: 'gate', type: 'cross', hasText: false, lostBefore: 0 }]);
  t.strictSame(JSON.parse(events[0]?.json ?? ''), { id: 'id-0', camera: 'gate', ...event });
  t.equal(events[0]?.bytes, Buffer.byteLength(events[0]?.json ?? ''));
});

test('ids are UUIDs, and no two are the same', async (t) => {
  const events = [...Array(100)].map(() => ({ type: 'a' }));
  const read = new EventReader('gate').read({ events }, nowMs).events;
  for (const { id } of read) t.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  t.equal(new Set(read.map(({ id }) => id)).size, 100);
});

test('keys of the tool cannot take the place of ours', async (t) => {
  const event = { type: 'a', id: 'mine', camera: 'other', lost_before: 9, at_ms: 'soon' };
  const [read] = readerOf().read({ events: [event] }, nowMs).events;
  t.strictSame(JSON.parse(read?.json ?? ''), { id: 'id-0', camera: 'gate', type: 'a', at_ms: nowMs });
  const named = JSON.parse('{"type":"a","at_ms":1,"__proto__":{"polluted":true}}') as unknown;
  const [own] = readerOf().read({ events: [named] }, nowMs).events;
  t.match(own?.json, /"__proto__":\{"polluted":true\}/);
  t.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test('a text is noticed, unless it is blank or no text', async (t) => {
  const events = ['AB123', '', ' ', 5, null].map((text) => ({ type: 'text', text }));
  const { events: read } = readerOf().read({ events }, nowMs);
  t.strictSame(
    read.map(({ hasText }) => hasText),
    [true, false, false, false, false],
  );
});

test('what was lost before an event is in its message, once', async (t) => {
  const reader = readerOf();
  t.match(reader.read({ events_lost: 3 }, nowMs), { events: [], leftOut: 3, unusable: 0 });
  const mixed = reader.read({ events_lost: 1, events: [null, { type: 5 }, { type: 'a' }, 'x', { type: 'b' }] }, nowMs);
  t.match(mixed, { leftOut: 1, unusable: 3 });
  t.strictSame(
    mixed.events.map(({ lostBefore }) => lostBefore),
    [6, 1],
  );
  t.equal(reader.read({ events: [{ type: 'c' }] }, nowMs).events[0]?.lostBefore, 0);
  t.strictSame(JSON.parse(withLost({ json: '{"id":"x"}' }, 6)), { id: 'x', lost_before: 6 });
  t.equal(withLost({ json: '{"id":"x"}' }, 0), '{"id":"x"}');
});

test('too large, too deep and too many events are counted, and the others pass', async (t) => {
  const deep = JSON.parse(`${'{"a":'.repeat(4000)}1${'}'.repeat(4000)}`) as object;
  const events = [{ type: 'large', text: 'x'.repeat(70_000) }, { type: 'deep', ...deep }, { type: 'ok' }];
  const read = readerOf().read({ events }, nowMs);
  t.equal(read.events.length + read.unusable, 3);
  t.ok(read.unusable >= 1);
  t.equal(read.events.at(-1)?.type, 'ok');
  const many = readerOf().read({ events: [...Array(1500)].map(() => ({ type: 'a' })) }, nowMs);
  t.strictSame([many.events.length, many.unusable], [1000, 500]);
});

test('results of any shape never throw, and every event is a message or is counted', async (t) => {
  const event = fc.oneof(fc.jsonValue(), fc.record({ type: fc.string(), at_ms: fc.jsonValue(), text: fc.jsonValue() }));
  const result = fc.oneof(
    fc.jsonValue(),
    fc.record({ events: fc.oneof(fc.jsonValue(), fc.array(event)), events_lost: fc.jsonValue() }),
  );
  fc.assert(
    fc.property(fc.array(result, { maxLength: 5 }), (results) => {
      const reader = readerOf();
      for (const one of results) {
        const { events, leftOut, unusable } = reader.read(one, nowMs);
        const given = (one as { events?: unknown } | null)?.events;
        if (Array.isArray(given)) t.equal(events.length + unusable, given.length);
        t.ok(leftOut >= 0);
        for (const { json, id } of events) t.match(JSON.parse(json), { id, camera: 'gate', type: String });
      }
    }),
    { numRuns: 200 },
  );
});
