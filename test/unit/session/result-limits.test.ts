/** A token may limit the detections and the text of a result. */
import fc from 'fast-check';
import { test } from 'tap';
import { limitResult } from '../../../src/session/result-limits.ts';

const none = { maxDetections: Number.POSITIVE_INFINITY, maxTextLength: Number.POSITIVE_INFINITY };
const box = { x: 0, y: 0, w: 1, h: 1, label: 'plate' };
const plates = JSON.stringify({
  ...{ width: 8, height: 8 },
  detections: [
    { ...box, score: 0.5, text: 'AB12' },
    { ...box, score: 0.9, text: 'CD34' },
    { ...box, score: 0.7 },
  ],
  timings_ms: { total: 1 },
});

test('without limits, and within them, a result is unchanged', async (t) => {
  t.equal(limitResult('not even JSON', none), 'not even JSON');
  t.equal(limitResult(plates, { maxDetections: 3, maxTextLength: 8 }), plates);
});

test('the detections with the highest scores stay, in their order', async (t) => {
  const { detections, limited } = JSON.parse(limitResult(plates, { ...none, maxDetections: 2 }));
  t.match(detections, [{ score: 0.9, text: 'CD34' }, { score: 0.7 }]);
  t.equal(limited, true);
});

test('text is cut after so many characters of the frame', async (t) => {
  const { detections } = JSON.parse(limitResult(plates, { ...none, maxTextLength: 6 }));
  t.match(detections, [{ text: 'AB12' }, { text: 'CD' }, { score: 0.7 }]);
  const page = limitResult('{"width":1,"height":1,"text":"a page","timings_ms":{}}', { ...none, maxTextLength: 3 });
  t.strictSame(JSON.parse(page), { width: 1, height: 1, text: 'a p', timings_ms: {}, limited: true });
});

test('text of events counts, after that of detections', async (t) => {
  const result = JSON.stringify({
    ...{ width: 1, height: 1, text: 'page', timings_ms: {} },
    detections: [{ ...box, score: 1, text: 'AB' }],
    events: [{ type: 'cross', text: 'CDE' }, { type: 'enter' }, { type: 'text', text: 'FG' }],
  });
  const limited = JSON.parse(limitResult(result, { ...none, maxTextLength: 4 }));
  t.strictSame(limited.events, [{ type: 'cross', text: 'CD' }, { type: 'enter' }, { type: 'text', text: '' }]);
  t.match(limited, { detections: [{ text: 'AB' }], text: '', limited: true });
  t.equal(limitResult(result, { ...none, maxTextLength: 11 }), result);
});

test('of more tracks than detections are permitted, those of the kept detections stay', async (t) => {
  const ids = [1, 2, 3];
  const tracks = ids.map((track_id) => ({ track_id, label: 'car' }));
  const detections = ids.map((track_id) => ({ ...box, track_id, score: track_id / 10 }));
  const result = JSON.stringify({ width: 1, height: 1, detections, tracks, timings_ms: {} });
  const limited = JSON.parse(limitResult(result, { ...none, maxDetections: 2 }));
  t.strictSame(limited.tracks, tracks.slice(1));
  t.match(limited, { detections: detections.slice(1), limited: true });
  const lost = JSON.stringify({ width: 1, height: 1, detections: [], tracks, timings_ms: {} });
  t.match(JSON.parse(limitResult(lost, { ...none, maxDetections: 2 })), { tracks: [], limited: true });
});

test('what is no object is left out of a list, and what is no list is empty', async (t) => {
  const result = (detections: unknown) => JSON.stringify({ width: 1, height: 1, detections, timings_ms: {} });
  for (const detections of [[0], [null], 'text', { text: 'AB' }]) {
    const limited = JSON.parse(limitResult(result(detections), { maxDetections: 0, maxTextLength: 0 }));
    t.match(limited, { detections: [], limited: true });
  }
});

test('property: whatever a tool returns, no text is longer than permitted, and nothing throws', async () => {
  const any = fc.oneof(fc.string(), fc.jsonValue());
  const items = fc.oneof(any, fc.array(fc.oneof(any, fc.record({ text: any, score: any, track_id: any }))));
  const results = fc.record({ detections: items, events: items, tracks: items, text: any });
  fc.assert(
    fc.property(results, fc.nat({ max: 5 }), fc.nat({ max: 5 }), (result, maxDetections, maxTextLength) => {
      const limited = JSON.parse(limitResult(JSON.stringify(result), { maxDetections, maxTextLength }));
      const lists = [limited.detections, limited.events].map((list) => (Array.isArray(list) ? list : []));
      const texts = [limited, ...lists.flat()].map((owner) => owner?.text).filter((text) => text !== undefined);
      const total = texts.reduce((sum: number, text: unknown) => sum + String(text).length, 0);
      return total <= maxTextLength && (lists[0]?.length ?? 0) <= maxDetections;
    }),
  );
});
