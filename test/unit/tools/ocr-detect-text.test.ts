/** Lines of text are detected where they were drawn, at any image size and tilt. */
import tap, { test } from 'tap';
import type { Image } from '../../../src/models/image.ts';
import type { Detection, Quad } from '../../../src/protocol.ts';
import { ocrDetectText } from '../../../src/tools/ocr-detect-text.ts';
import { createCanvas } from '../../support/samples/canvas.ts';
import { type Box, drawText, measureText, turnedBox } from '../../support/samples/draw-text.ts';
import { drawPlate, plateBox } from '../../support/samples/render-plate.ts';
import { renderPage, toGray } from '../../support/samples/render-text.ts';
import { toolContext } from '../../support/tool-context.ts';

const detector = await createDetector();

async function createDetector(params: Record<string, unknown> = {}) {
  return ocrDetectText.create(ocrDetectText.params.parse(params), toolContext(tap));
}

async function detect(image: Image, tool = detector): Promise<readonly Detection[]> {
  const { detections } = await tool.run({ image });
  if (detections === undefined) throw new Error('the port is missing');
  return detections;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const w = Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x));
  const h = Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
  return (w * h) / (a.w * a.h + b.w * b.h - w * h);
}

/** The box of a drawn line, extended by the pen width. */
function lineBox(text: string, x: number, y: number, size: number): Box {
  const pen = 0.13 * size;
  return { x: x - pen, y: y - pen, w: measureText(text, size) + 2 * pen, h: size + 2 * pen };
}

const paper = [236, 234, 228] as const;
const lines = ['INVOICE 2024 07', 'TOTAL 1284.50', 'PAID BY CARD', 'THANK YOU'];

test('detects every line of a page, from top to bottom', async (t) => {
  const size = 24;
  const found = await detect(renderPage(lines, { width: 480, height: 320, size }));
  t.equal(found.length, lines.length);
  for (const [i, text] of lines.entries()) {
    const truth = lineBox(text, 1.5 * size, 1.5 * size + i * 2.2 * size, size);
    const box = found[i] ?? { x: 0, y: 0, w: 0, h: 0 };
    t.ok(overlap(box, truth) > 0.7, `${text}: ${overlap(box, truth)}`);
  }
  for (const { label, score, quad } of found) {
    t.equal(label, 'text');
    t.ok(score >= 0.6 && score <= 1, `score ${score}`);
    t.equal(quad?.length, 4);
  }
});

test('returns words of one line from left to right', async (t) => {
  const canvas = createCanvas(640, 200, paper);
  drawText(canvas, 'RIGHT', { x: 450, y: 40, size: 26 });
  drawText(canvas, 'LEFT', { x: 40, y: 44, size: 26 });
  drawText(canvas, 'BELOW', { x: 40, y: 130, size: 26 });
  const positions = (await detect(canvas)).map(({ x, y }) => [x > 320 ? 'right' : 'left', y > 100 ? 'below' : 'above']);
  t.same(positions, [
    ['left', 'above'],
    ['right', 'above'],
    ['left', 'below'],
  ]);
});

test('a grayscale image has the same boxes as its RGB copy', async (t) => {
  const gray = toGray(renderPage(['GRAYISH', 'COLOR'], { width: 320, height: 160, size: 24 }));
  const data = Uint8Array.from({ length: gray.data.length * 3 }, (_, i) => gray.data[Math.floor(i / 3)] ?? 0);
  const found = await detect(gray);
  t.equal(found.length, 2);
  t.same(found, await detect({ ...gray, channels: 3, data }));
});

test('a tilted plate has a quad that follows its tilt', async (t) => {
  for (const angle of [12, 30, -30]) {
    const canvas = createCanvas(420, 380, [130, 130, 135]);
    const position = { x: 90, y: 165, w: 240, kind: 'long', angle } as const;
    drawPlate(canvas, 'KX482BD', position);
    const found = await detect(canvas);
    t.equal(found.length, 1, `${angle}°`);
    const quad: Quad | undefined = found[0]?.quad;
    const [left = [0, 0], right = [0, 0]] = quad ?? [];
    const tilt = (Math.atan2(right[1] - left[1], right[0] - left[0]) * 180) / Math.PI;
    t.ok(Math.abs(tilt - angle) < 4, `tilt ${tilt}° of ${angle}°`);
    const { x, y, w, h } = plateBox(position);
    const text = turnedBox([x + w / 2, y + h / 2], measureText('KX482BD', 0.58 * h), 0.58 * h, angle);
    const off = (quad ?? []).map(([x, y], i) => Math.hypot(x - (text[i]?.[0] ?? 0), y - (text[i]?.[1] ?? 0)));
    t.ok(Math.max(...off) < 24, `corners ${off.map(Math.round)} pixels from the text’s`);
  }
});

test('downscales a large image and returns boxes in its own pixels', async (t) => {
  const size = 72;
  const canvas = createCanvas(1920, 300, paper);
  drawText(canvas, 'LARGE2024', { x: 900, y: 110, size });
  const found = await detect(canvas);
  t.equal(found.length, 1);
  const truth = lineBox('LARGE2024', 900, 110, size);
  t.ok(overlap(found[0] ?? truth, truth) > 0.7);
});

test('accepts sizes that are not multiples of 32', async (t) => {
  const canvas = createCanvas(301, 107, paper);
  drawText(canvas, 'ODD SIZE', { x: 40, y: 40, size: 28 });
  const [found, ...others] = await detect(canvas);
  t.same(others, []);
  const truth = lineBox('ODD SIZE', 40, 40, 28);
  t.ok(found !== undefined && overlap(found, truth) > 0.7);
});

test('blank images of any shape have no text', async (t) => {
  for (const [width, height] of [
    [320, 240],
    [1, 1],
    [3, 2],
    [2, 200],
    [3000, 16],
    [333, 31],
  ] as const) {
    t.same(await detect(createCanvas(width, height, paper)), [], `${width}×${height}`);
  }
});

test('every box is inside the image, even if text is cut off at its edges', async (t) => {
  const canvas = createCanvas(240, 120, paper);
  drawText(canvas, 'CUT OFF HERE', { x: -12, y: -4, size: 30, pen: 0.16 });
  drawText(canvas, 'AND BELOW IT', { x: 60, y: 95, size: 30, pen: 0.16 });
  const found = await detect(canvas);
  t.ok(found.length > 0);
  for (const { x, y, w, h, quad } of found) {
    t.ok(x >= 0 && y >= 0 && x + w <= 240.001 && y + h <= 120.001, `${[x, y, w, h]}`);
    t.ok(quad?.every(([left, top]) => left >= 0 && left <= 240 && top >= 0 && top <= 120));
  }
});

test('returns at most max_boxes boxes', async (t) => {
  const tool = await createDetector({ max_boxes: 2 });
  const page = renderPage(lines, { width: 480, height: 320, size: 24 });
  const all = (await detect(page)).map(({ score }) => score).toSorted((a, b) => b - a);
  const kept = await detect(page, tool);
  t.same(
    kept.map(({ score }) => score).toSorted((a, b) => b - a),
    all.slice(0, 2),
    'the most certain',
  );
  t.ok((kept[0]?.y ?? 0) < (kept[1]?.y ?? 0), 'in reading order');
  await tool.close?.();
});

test('can be warmed up', async (t) => {
  const tool = await createDetector({ max_side: 320 });
  await t.resolves(tool.warm?.() ?? Promise.reject(new Error('there is no warm')));
});

test('validates params', async (t) => {
  const { params } = ocrDetectText;
  t.same(params.parse({}), { max_side: 960, box_score: 0.6, unclip_ratio: 1.6, max_boxes: 200 });
  t.match(params.safeParse({ max_size: 960 }).error?.message, /Unrecognized key: .*max_size/);
  for (const wrong of [{ max_side: 16 }, { max_side: 1e6 }, { box_score: 2 }, { unclip_ratio: -1 }, { max_boxes: 0 }]) {
    t.notOk(params.safeParse(wrong).success, JSON.stringify(wrong));
  }
});
