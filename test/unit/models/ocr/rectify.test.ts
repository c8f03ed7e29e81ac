/** Rectified quadrilaterals, compared with plain crops, rotations and a reference implementation. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import type { Image } from '../../../../src/models/image.ts';
import { isVertical, rectify, tiltOf } from '../../../../src/models/ocr/rectify.ts';
import type { Point, Quad } from '../../../../src/protocol.ts';
import { createCanvas } from '../../../support/samples/canvas.ts';
import { turnedBox } from '../../../support/samples/draw-text.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

function noise(width: number, height: number, channels: 1 | 3 = 3): Image {
  const random = seededRandom(width * 100 + height);
  const data = Uint8Array.from({ length: width * height * channels }, () => 256 * random());
  return { width, height, channels, data };
}

function boxQuad(x: number, y: number, w: number, h: number): Quad {
  return [
    [x, y],
    [x + w, y],
    [x + w, y + h],
    [x, y + h],
  ];
}

/** The color of a pixel; outside the image, that of the nearest pixel. */
function pixel({ width, height, channels, data }: Image, column: number, row: number): number[] {
  const [x, y] = [Math.min(width - 1, Math.max(0, column)), Math.min(height - 1, Math.max(0, row))];
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + channels)];
}

/** Builds an image pixel by pixel from another one. */
function remap(source: Image, width: number, height: number, from: (x: number, y: number) => Point): Image {
  const data: number[] = [];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.push(...pixel(source, ...from(x, y)));
  return { width, height, channels: source.channels, data: Uint8Array.from(data) };
}

/** Red is the column and green the row, so a sampled color gives its source position. */
function ruler(width: number, height: number): Image {
  const canvas = createCanvas(width, height, [0, 0, 0]);
  for (let i = 0; i < width * height; i++) canvas.data.set([i % width, Math.floor(i / width)], i * 3);
  return canvas;
}

function positionIn(image: Image, column: number, row: number): Point {
  const [x = 0, y = 0] = pixel(image, column, row);
  return [x + 0.5, y + 0.5];
}

/** Intersection of the line through a and b with the line through c and d. */
function crossing([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point, [dx, dy]: Point): Point {
  const t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / ((bx - ax) * (dy - cy) - (by - ay) * (dx - cx));
  return [ax + t * (bx - ax), ay + t * (by - ay)];
}

test('the corners of the whole image return the image itself, in RGB and in gray', async (t) => {
  for (const channels of [1, 3] as const) {
    const image = noise(11, 8, channels);
    t.same(rectify(image, boxQuad(0, 0, 11, 8)), image);
  }
});

test('an upright quadrilateral returns the source pixels unchanged', async (t) => {
  const image = noise(20, 16);
  t.same(
    rectify(image, boxQuad(5, 3, 9, 7)),
    remap(image, 9, 7, (x, y) => [x + 5, y + 3]),
  );
});

test('quarter and half turns move pixels without changing them', async (t) => {
  const image = noise(6, 5);
  const [a, b, c, d] = boxQuad(0, 0, 6, 5);
  t.same(
    rectify(image, [b, c, d, a]),
    remap(image, 5, 6, (x, y) => [5 - y, x]),
    'top right first',
  );
  t.same(
    rectify(image, [c, d, a, b]),
    remap(image, 6, 5, (x, y) => [5 - x, 4 - y]),
    'bottom right first',
  );
  t.same(
    rectify(image, [d, a, b, c]),
    remap(image, 5, 6, (x, y) => [y, 4 - x]),
    'bottom left first',
  );
});

test('samples a tilted rectangle bilinearly at its pixel centers', async (t) => {
  const image = noise(40, 40);
  const quad: Quad = turnedBox([20.3, 19.1], 18, 14, 27);
  const out = rectify(image, quad);
  t.same([out.width, out.height], [18, 14]);
  const [p, across, , down] = quad;
  let worst = 0;
  for (let row = 0; row < 14; row++) {
    for (let column = 0; column < 18; column++) {
      const [u, v] = [(column + 0.5) / 18, (row + 0.5) / 14];
      const x = p[0] + u * (across[0] - p[0]) + v * (down[0] - p[0]) - 0.5;
      const y = p[1] + u * (across[1] - p[1]) + v * (down[1] - p[1]) - 0.5;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, low] = [x - left, y - top];
      pixel(out, column, row).forEach((value, channel) => {
        const at = (dx: number, dy: number) => pixel(image, left + dx, top + dy)[channel] ?? 0;
        const upper = at(0, 0) * (1 - right) + at(1, 0) * right;
        const lower = at(0, 1) * (1 - right) + at(1, 1) * right;
        worst = Math.max(worst, Math.abs(value - (upper * (1 - low) + lower * low)));
      });
    }
  }
  t.ok(worst <= 0.5 + 1e-6, `off by ${worst}`);
});

test('perspective maps corners to corners and the intersection of the diagonals to the center', async (t) => {
  const quad: Quad = [
    [20, 20],
    [141, 20],
    [122, 80],
    [45, 91],
  ];
  const out = rectify(ruler(160, 120), quad);
  t.same([out.width, out.height], [121, 75], 'the longest of opposite sides');
  const near = (position: Point, [x, y]: Point, name: string) =>
    t.ok(Math.hypot(position[0] - x, position[1] - y) < 1.5, `${name}: ${position}`);
  near(positionIn(out, 0, 0), quad[0], 'top left');
  near(positionIn(out, 120, 0), quad[1], 'top right');
  near(positionIn(out, 120, 74), quad[2], 'bottom right');
  near(positionIn(out, 0, 74), quad[3], 'bottom left');
  const middle = crossing(quad[0], quad[2], quad[1], quad[3]);
  near(positionIn(out, 60, 37), middle, 'middle');
  const vanishing = crossing(quad[0], quad[3], quad[1], quad[2]);
  near(positionIn(out, 60, 0), crossing(vanishing, middle, quad[0], quad[1]), 'middle of the top');
  near(positionIn(out, 60, 74), crossing(vanishing, middle, quad[3], quad[2]), 'middle of the bottom');
});

test('rotates vertical text so that its left side is at the bottom', async (t) => {
  const image = noise(20, 20);
  const rotated = remap(image, 9, 6, (x, y) => [4 + 5 - y, 5 + x]);
  t.same(rectify(image, boxQuad(4, 5, 6, 9)), rotated, 'a height of 1.5 widths is vertical');
  t.same(
    rectify(image, boxQuad(4, 5, 6, 8)),
    remap(image, 6, 8, (x, y) => [4 + x, 5 + y]),
    'a little less does not',
  );
});

test('a quadrilateral is vertical from a ratio of 1.5, rotated or not', async (t) => {
  const stands = (w: number, h: number, angle: number) => isVertical(turnedBox([0, 0], w, h, angle));
  t.same([stands(6, 9, 0), stands(6, 8, 0), stands(9, 6, 0)], [true, false, false]);
  t.same([stands(6, 20, 40), stands(20, 6, 40)], [true, false]);
});

test('points outside the image repeat its edge', async (t) => {
  const image = noise(8, 6);
  t.same(
    rectify(image, boxQuad(-3, -2, 14, 10)),
    remap(image, 14, 10, (x, y) => [x - 3, y - 2]),
  );
  t.same(rectify(image, boxQuad(50, 60, 3, 3)).data, remap(image, 3, 3, () => [7, 5]).data, 'entirely outside');
});

test('quadrilaterals without an area return at least one pixel', async (t) => {
  const image = noise(10, 10);
  t.same(rectify(image, boxQuad(4.5, 2.5, 0, 0)), { width: 1, height: 1, channels: 3, data: image.data.slice(72, 75) });
  const flat = rectify(image, boxQuad(1, 5, 7, 0));
  t.same([flat.width, flat.height, flat.data.length], [7, 1, 21]);
});

test('no quadrilateral produces colors outside the image’s range', async (t) => {
  const white = createCanvas(12, 9, [255, 255, 255]);
  const point = fc.tuple(fc.integer({ min: -4, max: 16 }), fc.integer({ min: -4, max: 16 }));
  const property = fc.property(point, point, point, point, (...quad) => {
    const { data } = rectify(white, quad);
    // NaN would be stored as black.
    assert.ok(data.length >= 3 && data.every((value) => value === 255));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 400, seed: 7 }));
});

test('the size of a huge quadrilateral’s crop is limited', async (t) => {
  const { width, height } = rectify(noise(4, 4, 1), boxQuad(-50_000, 0, 100_000, 3));
  t.same([width, height], [2048, 3]);
});

test('the tilt is the angle of the top edge, in either direction', async (t) => {
  const leaning = (x: number, y: number) =>
    tiltOf([
      [5, 5],
      [5 + x, 5 + y],
      [0, 0],
      [0, 0],
    ]);
  t.same([leaning(4, 0), leaning(3, 3), leaning(0, 2), leaning(0, -2), leaning(-3, 0)], [0, 45, 90, 90, 180]);
  t.ok(Math.abs(leaning(10, -1) - 5.710593) < 1e-6, 'upwards is the same as downwards');
  t.equal(leaning(0, 0), 0, 'no edge, no tilt');
});
