/** A detection goes to the track that it fits best, and to none if none fits. */
import { test } from 'tap';
import { type Candidate, type MatchRules, match } from '../../../src/tracking/match.ts';
import { type Box, predict, startTrack, type TrackedObject } from '../../../src/tracking/track.ts';
import { defaultTuning } from '../../../src/tracking/tuning.ts';

const { models, rules: base } = defaultTuning;
const rules: MatchRules = { ...base, sameLabel: true, placeNoise: models.place.noise, scaleNoise: models.scale.noise };
const car: Box = { x: 100, y: 100, w: 40, h: 30 };

function track(id: number, box: Box, label = 'car'): TrackedObject {
  return predict(startTrack(id, label, box, 0, models), 0.1, models);
}

function candidates(boxes: readonly Box[], label = 'car'): Candidate[] {
  return boxes.map((box, index) => ({ index, label, box, score: 0.9 }));
}

function pairsOf(tracks: readonly TrackedObject[], boxes: readonly Candidate[], with_: Partial<MatchRules> = {}) {
  return match(tracks, boxes, 100, { ...rules, ...with_ }).map(({ row, column }) => [row, column]);
}

test('each detection goes to the nearest track', async (t) => {
  const right = { ...car, x: 180 };
  t.strictSame(pairsOf([track(1, car), track(2, right)], candidates([right, car])), [
    [1, 0],
    [0, 1],
  ]);
});

test('a box that does not overlap any more can belong to a track, but not one that is far away', async (t) => {
  t.strictSame(pairsOf([track(1, car)], candidates([{ ...car, x: 150 }])), [[0, 0]]);
  t.strictSame(pairsOf([track(1, car)], candidates([{ ...car, x: 600 }])), []);
});

test('size and shape count', async (t) => {
  t.strictSame(pairsOf([track(1, car)], candidates([{ ...car, w: 160, h: 120 }])), [], 'four times as large');
  t.strictSame(pairsOf([track(1, car)], candidates([{ ...car, w: 10, h: 120 }])), [], 'upright');
  const similar = { ...car, x: 112 };
  const nearer = { ...car, x: 104, w: 64, h: 48 };
  t.strictSame(pairsOf([track(1, car)], candidates([nearer, similar])), [[0, 1]]);
});

test('labels must be the same unless they need not be', async (t) => {
  t.strictSame(pairsOf([track(1, car)], candidates([car], 'truck')), []);
  t.strictSame(pairsOf([track(1, car)], candidates([car], 'truck'), { sameLabel: false }), [[0, 0]]);
});

test('the longer a track is lost, the less it takes for another object', async (t) => {
  const lost = { ...track(1, car), seenMs: -20_000 };
  t.strictSame(pairsOf([lost], candidates([car])), []);
});
