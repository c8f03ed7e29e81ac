/** Rotated boxes: their corners, the direction of their sides, and the upright box around them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import type { Placement } from '../../../../src/models/image.ts';
import { BoxDecoder } from '../../../../src/models/yolo/box-decoder.ts';
import { RotatedReader } from '../../../../src/models/yolo/obb.ts';
import type { Columns } from '../../../../src/models/yolo/output-format.ts';
import type { Point } from '../../../../src/protocol.ts';
import { columnsTensor, formatOf } from '../../../support/fake-model.ts';

const input = { width: 64, height: 64 };
const identity: Placement = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, ...input };

/** Center x, center y, width, height in input pixels, angle. */
type Box = readonly [x: number, y: number, w: number, h: number, angle: number];

function readerOf(boxes: readonly Box[], placement = identity, frame = input) {
  const output0 = columnsTensor(...boxes.map(([x, y, w, h, angle], at) => [x, y, w, h, 0.9 - 0.1 * at, angle]));
  const format = formatOf('ultralytics', { output0 }, input, 'obb');
  const candidates = new BoxDecoder(format, input).decode({ output0 }, 0.1);
  const reader = new RotatedReader(format.extras as Columns);
  reader.begin({ outputs: { output0 }, candidates, placement, frame });
  return { reader, candidates };
}

function read(box: Box, placement?: Placement, frame?: typeof input) {
  return readerOf([box], placement, frame).reader.read(0);
}

function rounded(points: readonly Point[] | undefined): number[][] | undefined {
  return points?.map((point) => point.map((value) => Math.round(value * 100) / 100));
}

test('an upright box begins at the top left', async (t) => {
  const found = read([20, 30, 16, 8, 0]);
  t.match(found, { x: 12, y: 26, w: 16, h: 8, angle: 0 });
  t.same(rounded(found?.quad), [
    [12, 26],
    [28, 26],
    [28, 34],
    [12, 34],
  ]);
});

test('an angle turns the box clockwise on the image', async (t) => {
  const found = read([32, 32, 20, 10, Math.PI / 6]);
  const [cos, sin] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
  const topLeft: Point = [32 - 10 * cos + 5 * sin, 32 - 10 * sin - 5 * cos];
  const topRight: Point = [32 + 10 * cos + 5 * sin, 32 + 10 * sin - 5 * cos];
  t.same(rounded(found?.quad)?.slice(0, 2), rounded([topLeft, topRight]));
  t.ok(topRight[1] > topLeft[1], 'the right side is lower');
  t.ok(Math.abs((found?.angle ?? -1) - Math.PI / 6) < 1e-6);
});

test('angles are below a quarter turn, of which turns look the same', async (t) => {
  const angles = [
    [Math.PI / 2 + 0.2, 0.2],
    [-0.2, Math.PI / 2 - 0.2],
    [Math.PI - 0.3, Math.PI / 2 - 0.3],
    [2 * Math.PI + 0.4, 0.4],
  ] as const;
  for (const [angle, expected] of angles) {
    const found = read([32, 32, 20, 10, angle])?.angle ?? -1;
    t.ok(Math.abs(found - expected) < 1e-6, `${angle}: ${found}`);
  }
});

test('coordinates are those of the frame; the upright box is clipped, the quad is not', async (t) => {
  const placement: Placement = { scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 16, width: 64, height: 32 };
  const frame = { width: 128, height: 64 };
  const found = read([4, 20, 16, 4, 0], placement, frame);
  t.match(found, { x: 0, y: 4, w: 24, h: 8 });
  t.same(rounded(found?.quad)?.[0], [-8, 4]);
});

test('a box that is entirely beside the frame is none', async (t) => {
  const { reader } = readerOf([
    [-20, 20, 16, 8, 0],
    [-8, 20, 24, 8, 0.5],
  ]);
  t.same([reader.isOnFrame(0), reader.isOnFrame(1)], [false, true]);
  t.equal(reader.read(0), undefined);
});

test('suppresses rotated, not upright, overlaps', async (t) => {
  const crossed: Box[] = [
    [32, 32, 40, 6, Math.PI / 4],
    [32, 32, 40, 6, (3 * Math.PI) / 4],
    [33, 32, 40, 6, Math.PI / 4],
  ];
  const { reader, candidates } = readerOf(crossed);
  t.same(reader.suppress(candidates, 0.45, 100), [0, 1], 'all have the same upright box');
  t.same(
    reader.suppress(candidates, 0.45, 100, (index) => index > 0),
    [1, 2],
  );
});

const size = fc.integer({ min: 2, max: 30 });
const anyAngle = fc.float({ min: -7, max: 7, noNaN: true });

test('any quad is a clockwise rectangle of the box’s size, from its corner nearest to the top left', async () => {
  fc.assert(
    fc.property(size, size, anyAngle, (w, h, angle) => {
      const found = read([32, 32, w, h, angle]);
      const quad = found?.quad as readonly Point[];
      const sides = quad.map(([x, y], at) => {
        const [nextX, nextY] = quad[(at + 1) % 4] as Point;
        return [nextX - x, nextY - y] as const;
      });
      const lengths = sides.map(([dx, dy]) => Math.hypot(dx, dy));
      const [expected] = [
        [w, h],
        [h, w],
      ].filter(([first = 0]) => Math.abs(first - (lengths[0] as number)) < 1e-3);
      assert.ok(expected, `${lengths}`);
      assert.ok(Math.abs((lengths[1] as number) - (expected[1] as number)) < 1e-3);
      const [[ax, ay], [bx, by]] = sides as unknown as [Point, Point];
      assert.ok(ax * by - ay * bx > 0, 'clockwise');
      const sums = quad.map(([x, y]) => x + y);
      assert.ok((sums[0] as number) <= Math.min(...sums) + 1e-3, 'from the top left');
      const turn = found?.angle ?? -1;
      assert.ok(turn >= 0 && turn < Math.PI / 2);
      const direction = Math.atan2(ay, ax) - turn;
      assert.ok(Math.abs(Math.sin(2 * direction)) < 1e-3, 'the angle is that of the sides');
    }),
  );
});

test('a box whose sides or angle are no sizes or numbers is none', async (t) => {
  const good: Box = [32, 32, 20, 10, 0.5];
  const [x, y, w, h, angle] = good;
  const { POSITIVE_INFINITY: infinite, NaN: nan } = Number;
  const bad: Box[] = [
    [x, y, w, h, nan],
    [x, y, w, h, infinite],
    [x, y, infinite, h, angle],
    [x, y, -5, h, angle],
    [x, y, w, 0, angle],
  ];
  for (const box of bad) t.equal(readerOf([box]).reader.isOnFrame(0), false, `${box}`);
  t.equal(readerOf([good]).reader.isOnFrame(0), true);
});
