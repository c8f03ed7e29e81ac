/** Boxes of constructed probability maps, compared with boxes computed by hand. */
import { test } from 'tap';
import type { Detection, Point } from '../../../src/protocol.ts';
import { loadOpenCv } from '../../../src/tools/opencv.ts';
import { findTextBoxes, type ProbabilityMap, type TextBoxOptions } from '../../../src/tools/text-boxes.ts';

const { cv } = await loadOpenCv();
const width = 96;
const height = 64;
const frame = { width, height };

interface Patch {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly p: number;
}

/** A map of zeros with upright patches of constant probability. */
function mapOf(...patches: readonly Patch[]): ProbabilityMap {
  const data = new Float32Array(width * height);
  for (const { x, y, w, h, p } of patches) {
    for (let row = y; row < y + h; row++) data.fill(p, row * width + x, row * width + x + w);
  }
  return { data, width, height };
}

function find(map: ProbabilityMap, options: Partial<TextBoxOptions> = {}, size = frame): Detection[] {
  return findTextBoxes(map, size, { cv, boxScore: 0.6, unclipRatio: 1.6, maxBoxes: 10, ...options });
}

function rounded(values: readonly number[]): number[] {
  return values.map((value) => Math.round(value * 1000) / 1000);
}

function boxesOf(detections: readonly Detection[]): number[][] {
  return detections.map(({ x, y, w, h }) => rounded([x, y, w, h]));
}

/** Pixel centers 20 to 60 by 20 to 30: 40 × 10, which grows by 40 × 10 × 1.6 ÷ (2 × (40 + 10)) = 6.4 on each side. */
const line: Patch = { x: 20, y: 20, w: 41, h: 11, p: 0.8 };

test('a box grows on each side by area × ratio ÷ perimeter', async (t) => {
  const found = find(mapOf(line));
  t.same(boxesOf(found), [[14.1, 14.1, 52.8, 22.8]]);
  t.match(found, [{ label: 'text' }]);
  t.same(rounded([found[0]?.score ?? 0]), [0.8]);
  const corners = found[0]?.quad?.map(rounded);
  t.same(corners, [
    [14.1, 14.1],
    [66.9, 14.1],
    [66.9, 36.9],
    [14.1, 36.9],
  ]);
});

test('with ratio 0 a box goes through the centers of its outer pixels', async (t) => {
  t.same(boxesOf(find(mapOf(line), { unclipRatio: 0 })), [[20.5, 20.5, 40, 10]]);
});

test('returns boxes in frame pixels, even if the aspect ratios of frame and map differ', async (t) => {
  t.same(boxesOf(find(mapOf(line), {}, { width: 2 * width, height: 3 * height })), [[28.2, 42.3, 105.6, 68.4]]);
  t.same(boxesOf(find(mapOf(line), {}, { width: width / 2, height })), [[7.05, 14.1, 26.4, 22.8]]);
});

test('clips boxes to the frame', async (t) => {
  const corners = [
    { ...line, x: 0, y: 0 },
    { ...line, x: width - 41, y: height - 11 },
  ];
  t.same(boxesOf(find(mapOf(...corners))), [
    [0, 0, 46.9, 16.9],
    [49.1, 47.1, 46.9, 16.9],
  ]);
  t.same(boxesOf(find(mapOf({ x: 0, y: 0, w: width, h: height, p: 1 }))), [[0, 0, width, height]], 'the whole frame');
});

test('ignores boxes with a low mean probability', async (t) => {
  t.same(find(mapOf({ ...line, p: 0.59 })), []);
  t.equal(find(mapOf({ ...line, p: 0.61 })).length, 1);
  t.equal(find(mapOf({ ...line, p: 0.45 }), { boxScore: 0.4 }).length, 1);
  t.same(find(mapOf({ ...line, p: 0.25 }), { boxScore: 0 }), [], 'pixels below 0.3 are not text');
});

test('the mean covers the whole box, so a strong half compensates for a weak one', async (t) => {
  const halves = mapOf({ x: 20, y: 20, w: 20, h: 11, p: 0.9 }, { x: 40, y: 20, w: 20, h: 11, p: 0.5 });
  const [found] = find(halves);
  t.same(rounded([found?.score ?? 0]), [0.7]);
});

test('ignores specks', async (t) => {
  t.same(find(mapOf({ x: 20, y: 20, w: 3, h: 3, p: 1 })), [], 'three pixels');
  t.same(find(mapOf({ x: 20, y: 20, w: 60, h: 3, p: 1 })), [], 'a hairline');
  t.same(find(mapOf({ x: 20, y: 20, w: 1, h: 1, p: 1 }, { x: 70, y: 50, w: 2, h: 1, p: 1 })), []);
  t.equal(find(mapOf({ x: 20, y: 20, w: 4, h: 4, p: 1 })).length, 1, 'four pixels');
});

test('a hole in a text area is not a box', async (t) => {
  const found = find(mapOf({ x: 10, y: 10, w: 70, h: 40, p: 0.9 }, { x: 35, y: 24, w: 20, h: 12, p: 0 }));
  t.equal(found.length, 1);
});

test('a map without text has no boxes', async (t) => {
  t.same(find(mapOf()), []);
});

test('a tilted box’s corners start at the top left of the text', async (t) => {
  for (const degrees of [30, -30, 60]) {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const data = new Float32Array(width * height);
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [(i % width) - 48, Math.floor(i / width) - 32];
      if (Math.abs(x * cos + y * sin) <= 20 && Math.abs(y * cos - x * sin) <= 5) data[i] = 1;
    }
    const [found] = find({ data, width, height }, { unclipRatio: 0 });
    const corner = (along: number, across: number): Point => [
      48.5 + along * 20 * cos - across * 5 * sin,
      32.5 + along * 20 * sin + across * 5 * cos,
    ];
    const expected = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
    const off = expected.map(([x, y], i) => {
      const [foundX, foundY] = found?.quad?.[i] ?? [Number.NaN, Number.NaN];
      return Math.hypot(foundX - x, foundY - y);
    });
    t.ok(Math.max(...off) < 1.5, `${degrees}°: corners off by ${rounded(off)}`);
  }
});

test('returns boxes from top to bottom, and from left to right within a line', async (t) => {
  const word = (x: number, y: number): Patch => ({ x, y, w: 20, h: 8, p: 0.9 });
  const found = find(mapOf(word(60, 8), word(10, 10), word(36, 40), word(66, 38), word(6, 42)), { unclipRatio: 0 });
  t.same(
    found.map(({ x, y }) => [x - 0.5, y - 0.5]),
    [
      [10, 10],
      [60, 8],
      [6, 42],
      [36, 40],
      [66, 38],
    ],
  );
});

test('a line that rises slightly to the right is still ordered from the left', async (t) => {
  const word = (x: number, y: number): Patch => ({ x, y, w: 20, h: 8, p: 0.9 });
  const found = find(mapOf(word(6, 28), word(36, 26), word(66, 24)), { unclipRatio: 0 });
  t.same(
    found.map(({ x }) => x - 0.5),
    [6, 36, 66],
  );
});

test('keeps the boxes with the highest scores, in reading order', async (t) => {
  const rows = [0.7, 0.9, 0.65, 0.8].map((p, i): Patch => ({ x: 20, y: 4 + 15 * i, w: 40, h: 8, p }));
  const scores = find(mapOf(...rows), { maxBoxes: 2 }).map(({ score }) => score);
  t.same(rounded(scores), [0.9, 0.8]);
  const swapped = find(mapOf(...rows), { maxBoxes: 3 }).map(({ score }) => score);
  t.same(rounded(swapped), [0.7, 0.9, 0.8]);
});

test('hundreds of frames use no more OpenCV memory than one', async (t) => {
  const map = mapOf(line, { x: 10, y: 45, w: 60, h: 10, p: 0.9 });
  // OpenCV's allocator returns the lowest free block, so a leak would move a new matrix to a higher address.
  const nextPlace = () => {
    const probe = new cv.Mat(256, 256, cv.CV_8UC1);
    const offset = probe.data.byteOffset;
    probe.delete();
    return offset;
  };
  find(map);
  const before = nextPlace();
  for (let i = 0; i < 300; i++) find(map);
  t.equal(nextPlace(), before);
});
