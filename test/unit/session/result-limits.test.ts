/** A token may limit the detections and the text of a result. */
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
