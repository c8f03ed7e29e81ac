/** The cars of the sample scene. */
import { test } from 'tap';
import { glyphOf } from '../../../src/samples/stroke-font.ts';
import { bodyCount, carsAt, plateTexts, sceneHeight, sceneWidth } from '../../../src/web/traffic.ts';

const horizonY = 190;
const times = Array.from({ length: 3000 }, (_, index) => index * 50);

test('a visible plate is entirely inside the scene', async (t) => {
  for (const timeMs of times) {
    for (const { x, plateWidth, groundY, showsPlate } of carsAt(timeMs, horizonY)) {
      if (!showsPlate) continue;
      const top = groundY - 0.97 * plateWidth;
      const isInside =
        x > plateWidth / 2 && x < sceneWidth - plateWidth / 2 && top > 0 && top + plateWidth / 4 < sceneHeight;
      if (!isInside) t.fail(`${timeMs}: ${x} ${top} ${plateWidth}`);
    }
  }
  t.pass();
});

test('at least one plate is visible at all times, from the start', async (t) => {
  const seen = times.map((timeMs) => carsAt(timeMs, horizonY).filter(({ showsPlate }) => showsPlate).length);
  t.ok(seen.every((count) => count > 0));
});

test('every text and every body appears', async (t) => {
  const cars = times.flatMap((timeMs) => carsAt(timeMs, horizonY));
  t.equal(new Set(cars.map(({ text }) => text)).size, plateTexts.length);
  t.equal(new Set(cars.map(({ body }) => body)).size, bodyCount);
  t.ok(cars.every(({ body }) => Number.isInteger(body) && body >= 0 && body < bodyCount));
});

test('visible cars have different plates, and nearer ones are drawn later', async (t) => {
  for (const timeMs of times) {
    const cars = carsAt(timeMs, horizonY);
    if (new Set(cars.map(({ text }) => text)).size < cars.length) t.fail(String(timeMs));
    const widths = cars.map(({ plateWidth }) => plateWidth);
    if (widths.some((width, index) => width < (widths[index - 1] ?? 0))) t.fail(String(timeMs));
  }
  t.pass();
});

test('the stroke font has every letter', async (t) => {
  for (const text of plateTexts) t.doesNotThrow(() => [...text].map(glyphOf), text);
});
