/** The filter knows exactly as much after many short steps as after a long one, and finds a constant speed. */
import { test } from 'tap';
import {
  firstSpread,
  type MotionModel,
  measure,
  type Spread,
  spreadLater,
  strideOf,
} from '../../../src/tracking/motion.ts';

const model: MotionModel = { speed: 6, lasts: 4, noise: 0.1 };

function close(a: Spread, b: Spread): boolean {
  const near = (one: number, other: number) => Math.abs(one - other) <= 1e-6 * Math.max(1, Math.abs(one));
  return near(a.value, b.value) && near(a.speed, b.speed) && near(a.correlation, b.correlation);
}

test('many short steps are as uncertain as one long step', async (t) => {
  for (const seconds of [0.02, 0.4, 3, 60]) {
    let spread = firstSpread(model);
    for (let step = 0; step < 50; step++) spread = spreadLater(spread, model, seconds / 50);
    t.ok(close(spread, spreadLater(firstSpread(model), model, seconds)), `${seconds} s`);
  }
});

test('no time changes nothing', async (t) => {
  const spread = { value: 0.3, speed: 2, correlation: 0.5 };
  t.ok(close(spreadLater(spread, model, 0), spread));
  t.strictSame(strideOf(model, 0), { reach: 0, remains: 1 });
});

test('a longer gap is more uncertain, but a speed never more than at the start', async (t) => {
  let before = firstSpread(model);
  for (const seconds of [0.02, 0.2, 1, 5, 3600, 1e6]) {
    const after = spreadLater(firstSpread(model), model, seconds);
    t.ok(after.value > before.value && after.speed <= model.speed + 1e-9, `${seconds} s`);
    before = after;
  }
});

test('measurements find a constant speed, whatever their intervals', async (t) => {
  const intervals = [0.03, 0.5, 0.03, 0.2, 1.1, 0.07, 0.3, 0.04, 0.6, 0.1];
  let [value, speed, at, spread] = [0, 0, 0, firstSpread(model)];
  for (const seconds of intervals) {
    at += seconds;
    const { reach, remains } = strideOf(model, seconds);
    [value, speed] = [value + speed * reach, speed * remains];
    const measured = measure(spreadLater(spread, model, seconds), model.noise);
    const surprise = 5 * at - value;
    [value, speed, spread] = [value + measured.value * surprise, speed + measured.speed * surprise, measured.spread];
  }
  t.ok(Math.abs(speed - 5) < 0.25, `${speed}`);
});

test('an exact measurement is believed, and one that is worth nothing is not', async (t) => {
  const spread = { value: 1, speed: 1, correlation: 0 };
  t.ok(measure(spread, 1e-6).value > 0.999);
  t.ok(measure(spread, 1e6).value < 0.001);
});
