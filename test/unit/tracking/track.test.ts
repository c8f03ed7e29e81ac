/** A track predicts where its object is, and learns from detections. */
import { test } from 'tap';
import {
  maxExtent,
  minSide,
  predict,
  sizeOf,
  startTrack,
  type TrackedObject,
  update,
} from '../../../src/tracking/track.ts';
import { defaultTuning } from '../../../src/tracking/tuning.ts';

const { models } = defaultTuning;

/** A track of an object that moves 100 pixels per second to the right and grows by a tenth per second. */
function moving(frames: number, ms: number): TrackedObject {
  let track = startTrack(1, 'car', { x: 0, y: 50, w: 40, h: 30 }, 0, models);
  for (let index = 1; index <= frames; index++) {
    const seconds = (index * ms) / 1000;
    const box = { x: 100 * seconds, y: 50, w: 40 * 1.1 ** seconds, h: 30 * 1.1 ** seconds };
    track = update(predict(track, ms / 1000, models), box, index * ms, models);
  }
  return track;
}

test('a track moves on as before at any frame rate', async (t) => {
  for (const [frames, ms] of [
    [40, 33],
    [14, 100],
    [8, 200],
    [5, 500],
  ] as const) {
    const track = moving(frames, ms);
    const later = predict(track, 0.5, models);
    t.ok(Math.abs(later.x - track.x - 50) < 8, `${ms} ms: ${later.x - track.x}`);
    t.ok(later.y === track.y && later.w > track.w, `${ms} ms`);
  }
});

test('a track keeps its shape while it is lost, and knows less about it', async (t) => {
  const track = moving(10, 100);
  const later = predict(track, 2, models);
  t.ok(Math.abs(later.w / later.h - track.w / track.h) < 1e-9);
  t.ok(later.place.value > track.place.value && later.scale.value > track.scale.value);
});

test('a detection of no time later moves the box, and divides nothing by 0', async (t) => {
  const track = moving(10, 100);
  const same = update(predict(track, 0, models), { x: track.x + 1e4, y: 0, w: 1, h: 1 }, track.seenMs, models);
  t.ok([same.x, same.y, same.vx, same.vy, same.w, same.h, same.growth, sizeOf(same)].every(Number.isFinite));
});

test('positions and sides stay within limits', async (t) => {
  let track = startTrack(1, 'car', { x: maxExtent, y: -maxExtent, w: maxExtent, h: minSide }, 0, models);
  for (let index = 0; index < 20; index++) {
    const side = index % 2 === 0 ? minSide : maxExtent;
    track = update(predict(track, 1e7, models), { x: -track.x, y: -track.y, w: side, h: side }, 0, models);
    t.ok(Math.abs(track.x) <= maxExtent && track.w >= minSide && track.w <= maxExtent && track.h >= minSide);
    t.ok(Math.abs(track.vx) <= maxExtent);
  }
});
