/** Text and position of labels. */
import { test } from 'tap';
import { isTentative, labelOf, placeLabel, spokenMarks, trackLabelOf } from '../../../src/web/labels.ts';

const box = { x: 10, y: 20, w: 30, h: 40, label: 'plate', score: 0.834 };

test('a box is labeled with its text if the recognizer is confident, otherwise with its class', async (t) => {
  t.equal(labelOf(box), 'plate 83 %');
  t.equal(labelOf({ ...box, text: 'AB123', text_score: 0.996 }), 'AB123 100 %');
  t.equal(labelOf({ ...box, text: 'AB123', text_score: 0.2 }), 'plate 83 %');
  t.equal(labelOf({ ...box, text: '', text_score: 1 }), 'plate 83 %');
  t.equal(labelOf({ ...box, score: Number.NaN }), 'plate', 'of a tool without scores');
  t.equal(labelOf({ ...box, label: '' }), '83 %');
});

test('a label is above its box, or below, or inside, and never outside the canvas', async (t) => {
  const canvas = { width: 200, height: 100 };
  const room = { left: 50, top: 50, bottom: 70, width: 60, height: 18, gap: 4 };
  t.strictSame(placeLabel(room, canvas), { x: 50, y: 28 });
  t.strictSame(placeLabel({ ...room, top: 10, bottom: 30 }, canvas), { x: 50, y: 34 });
  t.strictSame(placeLabel({ ...room, top: 0, bottom: 100 }, canvas), { x: 50, y: 4 });
  t.strictSame(placeLabel({ ...room, left: 190 }, canvas).x, 140);
  t.strictSame(placeLabel({ ...room, left: -20 }, canvas).x, 0);
  t.strictSame(placeLabel({ ...room, width: 300 }, canvas).x, 0);
});

test('a label avoids the labels before it, if there is room', async (t) => {
  const canvas = { width: 200, height: 100 };
  const room = { left: 50, top: 50, bottom: 70, width: 60, height: 18, gap: 4 };
  const other = { x: 80, y: 30, width: 60, height: 18 };
  t.strictSame(placeLabel(room, canvas, [other]), { x: 50, y: 10 }, 'one line higher');
  t.strictSame(placeLabel(room, canvas, [{ ...other, x: 110 }]), { x: 50, y: 28 }, 'side by side');
  t.strictSame(placeLabel(room, canvas, [other, { ...other, y: 12 }]), { x: 50, y: 74 }, 'below');
  t.strictSame(placeLabel(room, canvas, [{ x: 0, y: 0, ...canvas }]), { x: 50, y: 28 }, 'over it if there is none');
});

test('a track has its number, and its text a mark: settled or not', async (t) => {
  const read = { ...box, text: 'AB123', text_score: 0.97, track_id: 12 };
  t.equal(labelOf({ ...box, track_id: 12 }), '#12 plate 83 %');
  t.equal(labelOf(read), '#12 AB123 97 %', 'a pipeline without votes');
  t.equal(labelOf({ ...read, text_settled: true }), '#12 AB123 ✓ 97 %');
  t.equal(labelOf({ ...read, text_settled: false }), '#12 AB123… 97 %');
  t.equal(labelOf({ ...read, text_settled: true }, spokenMarks), '#12 AB123, settled, 97 %');
  t.equal(labelOf({ ...read, text_score: 0.2, text_settled: false }), '#12 plate 83 %', 'the mark is that of a text');
  t.strictSame(
    [{}, { text_settled: true }, { text_settled: false }, { text_settled: false, text_score: 0.2 }].map((votes) =>
      isTentative({ ...read, ...votes }),
    ),
    [false, false, true, false],
  );
});

test('a track that is not detected says since when, or what it is', async (t) => {
  const track = { ...box, track_id: 3, vx: 0, vy: 0, age_ms: 900 };
  t.equal(trackLabelOf({ ...track, lost_ms: 640 }), '#3 lost 0.6 s');
  t.equal(trackLabelOf({ ...track, lost_ms: 0 }), '#3 plate');
  t.equal(trackLabelOf({ ...track, label: '', lost_ms: 0 }), '#3');
});
