/** The newest events, as they are listed and copied. */
import { test } from 'tap';
import { EventLog, formatTime, maxEventLength, maxEvents, maxTextLength } from '../../../src/web/event-log.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5);
const cross = { type: 'cross', at_ms: at, track_id: 7, label: 'car', zone: 'gate', direction: 'in', speed: 3 };

test('an event has a time, a type, a text or a label, a track, and a zone', async (t) => {
  const log = new EventLog();
  log.add([cross, { type: 'plate', at_ms: at, track_id: 7, label: 'plate', text: 'AB123', text_score: 0.9 }]);
  t.strictSame(log.events, [
    {
      ...{ id: 2, type: 'plate', what: 'AB123', where: '', trackId: 7, atMs: at },
      json: JSON.stringify({ type: 'plate', at_ms: at, track_id: 7, label: 'plate', text: 'AB123', text_score: 0.9 }),
    },
    { id: 1, type: 'cross', what: 'car', where: 'gate in', trackId: 7, atMs: at, json: JSON.stringify(cross) },
  ]);
});

test('events are copied as JSON lines, oldest first, with all their keys', async (t) => {
  const log = new EventLog();
  log.add([cross]);
  log.add([{ type: 'leave', note: 'line\nbreak' }]);
  const lines = log.jsonLines();
  t.ok(lines.endsWith('\n'));
  t.strictSame(
    lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [cross, { type: 'leave', note: 'line\nbreak' }],
  );
  log.clear();
  t.equal(log.jsonLines(), '');
  log.add([cross]);
  t.equal(log.events[0]?.id, 3, 'numbers go on, so that rows are not mixed up');
});

test('what is no event is left out, and so are values of another shape', async (t) => {
  const log = new EventLog();
  for (const wrong of [undefined, null, 5, 'x', {}, [null, 5, 'x', [], {}, { type: 5 }]]) log.add(wrong);
  t.strictSame(log.events, []);
  log.add([{ type: 'odd', at_ms: 'now', track_id: {}, label: 5, zone: [], direction: 'up' }]);
  t.match(log.events, [{ type: 'odd', what: '', where: '', trackId: undefined, atMs: undefined }]);
});

test(`the newest ${maxEvents} are kept, also if one result has thousands`, async (t) => {
  const log = new EventLog();
  log.add([cross]);
  log.add(Array.from({ length: 5000 }, (_, index) => ({ type: `e${index}` })));
  t.equal(log.events.length, maxEvents);
  t.equal(log.events[0]?.type, 'e4999');
  t.equal(log.events.at(-1)?.type, `e${5000 - maxEvents}`);
  t.equal(log.count, 5001);
});

test('events that the gateway has left out are counted', async (t) => {
  const log = new EventLog();
  for (const lost of [undefined, 3, 'x', 2]) log.add([cross], lost);
  t.equal(log.lost, 5);
  log.clear();
  t.equal(log.lost, 0);
});

test('long values are shortened, so that memory is bounded', async (t) => {
  const log = new EventLog();
  const long = 'x'.repeat(1_000_000);
  log.add([{ ...cross, type: long, text: long, zone: long, other: long }]);
  const [event] = log.events;
  t.ok(
    [event?.type, event?.what, event?.where].every((text) => text !== undefined && text.length <= maxTextLength + 1),
  );
  t.ok((event?.json.length ?? 0) <= maxEventLength);
  t.match(JSON.parse(event?.json ?? ''), { at_ms: at, track_id: 7, text: /^x+…$/, truncated: true });
});

test('times', async (t) => {
  t.equal(formatTime(at), new Date(at).toTimeString().slice(0, 8));
  t.match(formatTime(at), /^\d\d:\d\d:\d\d$/);
  for (const wrong of [undefined, Number.NaN, 1e300]) t.equal(formatTime(wrong), '–');
});
