/** The cars of the sample scene. */
import { test } from 'tap';
import { bodyColors } from '../../../src/web/draw-car.ts';
import { carsAt, plateAboveGround, plateTexts, sceneHeight, sceneWidth } from '../../../src/web/traffic.ts';

const times = Array.from({ length: 3000 }, (_, index) => index * 50);

test('a visible plate is entirely inside the scene', async (t) => {
  for (const timeMs of times) {
    for (const { x, plateWidth, groundY, showsPlate } of carsAt(timeMs)) {
      if (!showsPlate) continue;
      const top = groundY - plateAboveGround * plateWidth;
      const isInside =
        x > plateWidth / 2 && x < sceneWidth - plateWidth / 2 && top > 0 && top + plateWidth / 4 < sceneHeight;
      if (!isInside) t.fail(`${timeMs}: ${x} ${top} ${plateWidth}`);
    }
  }
  t.pass();
});

test('at least one plate is visible at all times, from the start', async (t) => {
  const seen = times.map((timeMs) => carsAt(timeMs).filter(({ showsPlate }) => showsPlate).length);
  t.ok(seen.every((count) => count > 0));
});

test('a car is without its plate only while it enters or fades out', async (t) => {
  const cars = times.flatMap((timeMs) => carsAt(timeMs));
  const hidden = cars.filter(({ showsPlate }) => !showsPlate);
  // Less than 450 ms while it enters, and 470 ms while it fades, of 6000 ms.
  t.ok(hidden.length < 0.155 * cars.length, `${hidden.length} of ${cars.length}`);
  for (const { opacity, plateWidth, showsPlate } of cars) {
    if (showsPlate && opacity < 1) t.fail(`a plate fades at ${plateWidth} pixels`);
    if (!(opacity > 0 && opacity <= 1)) t.fail(`opacity ${opacity}`);
    if (plateWidth < 60) t.fail(`${plateWidth} pixels`);
  }
});

test('no car covers the plate of another', async (t) => {
  // Half the width of a car, in plate widths.
  const halfCar = 1.75;
  for (const timeMs of times) {
    const cars = carsAt(timeMs);
    cars.forEach((far, index) => {
      for (const near of cars.slice(index + 1)) {
        const distance = Math.abs(near.x - far.x) - halfCar * near.plateWidth - far.plateWidth / 2;
        if (far.showsPlate && distance < 0) t.fail(`${timeMs}: ${distance}`);
      }
    });
  }
  t.pass();
});

test('a car enters from outside the scene', async (t) => {
  const entering = times.flatMap((timeMs) => carsAt(timeMs).slice(-1));
  const outermost = Math.max(...entering.map(({ x, plateWidth }) => Math.abs(x - sceneWidth / 2) - 1.75 * plateWidth));
  t.ok(outermost > sceneWidth / 2 - 40, String(outermost));
});

test('every text and every body appears', async (t) => {
  const cars = times.flatMap((timeMs) => carsAt(timeMs));
  t.equal(new Set(cars.map(({ text }) => text)).size, plateTexts.length);
  t.equal(new Set(cars.map(({ body }) => body)).size, bodyColors.length);
  t.ok(cars.every(({ body }) => Number.isInteger(body) && body >= 0 && body < bodyColors.length));
});

test('visible cars have different plates, and nearer ones are drawn later', async (t) => {
  for (const timeMs of times) {
    const cars = carsAt(timeMs);
    if (new Set(cars.map(({ text }) => text)).size < cars.length) t.fail(String(timeMs));
    const widths = cars.map(({ plateWidth }) => plateWidth);
    if (widths.some((width, index) => width < (widths[index - 1] ?? 0))) t.fail(String(timeMs));
  }
  t.pass();
});
