/** Text and position of box labels. */
import { test } from 'tap';
import { cornersOf, labelOf, placeLabel } from '../../../src/web/overlay.ts';
import { formatAgo } from '../../../src/web/text-list.ts';

const box = { x: 10, y: 20, w: 30, h: 40, label: 'plate', score: 0.834 };

test('a box is labeled with its text if the recognizer is confident, otherwise with its class', async (t) => {
  t.equal(labelOf(box), 'plate 83 %');
  t.equal(labelOf({ ...box, text: 'AB123', text_score: 0.996 }), 'AB123 100 %');
  t.equal(labelOf({ ...box, text: 'AB123', text_score: 0.2 }), 'plate 83 %');
  t.equal(labelOf({ ...box, text: '', text_score: 1 }), 'plate 83 %');
  t.equal(labelOf({ ...box, score: Number.NaN }), 'plate', 'of a tool without scores');
  t.equal(labelOf({ ...box, label: '' }), '83 %');
});

test('a rotated box has its own corners', async (t) => {
  const quad = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ] as const;
  t.strictSame(cornersOf({ ...box, quad }), quad);
  t.strictSame(cornersOf(box), [
    [10, 20],
    [40, 20],
    [40, 60],
    [10, 60],
  ]);
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

test('relative times', async (t) => {
  const texts = [0, 1400, 2000, 59_400, 60_000, 3_599_000, 7_300_000].map(formatAgo);
  t.strictSame(texts, ['now', 'now', '2 s ago', '59 s ago', '1 min ago', '59 min ago', '2 h ago']);
});
