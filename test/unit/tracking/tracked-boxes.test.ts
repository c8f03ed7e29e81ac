/** Boxes that cannot be tracked are left out, and tracks are shown with few digits. */
import { test } from 'tap';
import type { Detection } from '../../../src/protocol.ts';
import { startTrack } from '../../../src/tracking/track.ts';
import { candidatesOf, toTrack } from '../../../src/tracking/tracked-boxes.ts';
import { defaultTuning } from '../../../src/tracking/tuning.ts';

const good: Detection = { x: 10, y: 20, w: 30, h: 40, label: 'car', score: 0.5 };

test('boxes are compared by their center', async (t) => {
  t.strictSame(candidatesOf([good], 0.1), [
    { index: 0, label: 'car', box: { x: 25, y: 40, w: 30, h: 40 }, score: 0.5 },
  ]);
});

test('boxes that no frame has are left out', async (t) => {
  const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300];
  const bad = numbers.flatMap((value) => (['x', 'y', 'w', 'h'] as const).map((key) => ({ ...good, [key]: value })));
  const empty = [
    { ...good, w: 0 },
    { ...good, h: -3 },
    { ...good, score: Number.NaN },
    { ...good, score: 0.05 },
  ];
  t.strictSame(candidatesOf([...bad, ...empty], 0.1), []);
});

test('at most a thousand boxes are looked at, the best ones', async (t) => {
  const many = Array.from({ length: 5000 }, (_, index) => ({ ...good, score: 0.2 + index / 10_000 }));
  const found = candidatesOf(many, 0.1);
  t.equal(found.length, 1000);
  t.ok(found.every(({ index }) => index >= 4000));
});

test('long labels are cut off', async (t) => {
  t.equal(candidatesOf([{ ...good, label: 'x'.repeat(1e6) }], 0.1)[0]?.label.length, 64);
});

test('a track shows its box, its speed and its times', async (t) => {
  const track = { ...startTrack(3, 'car', { x: 25.123, y: 40, w: 30, h: 40 }, 100, defaultTuning.models), vx: -0.001 };
  t.strictSame(toTrack({ ...track, seenMs: 150 }, 400), {
    track_id: 3,
    label: 'car',
    x: 10.1,
    y: 20,
    w: 30,
    h: 40,
    vx: 0,
    vy: 0,
    age_ms: 300,
    lost_ms: 250,
  });
});
