/** The recognizer recognizes rendered lines exactly, at the sizes and positions that cameras produce. */
import tap, { test } from 'tap';
import type { Image } from '../../../../src/models/image.ts';
import type { Recognition } from '../../../../src/models/ocr/ctc.ts';
import { CtcRecognizer } from '../../../../src/models/ocr/ctc-recognizer.ts';
import { generalRecognition } from '../../../../src/models/ocr/pp-ocr.ts';
import type { Region } from '../../../../src/models/resampling.ts';
import { createCanvas } from '../../../support/samples/canvas.ts';
import { drawText, measureText } from '../../../support/samples/draw-text.ts';
import { toGray } from '../../../support/samples/render-text.ts';
import { toolContext } from '../../../support/tool-context.ts';

const recognizer = new CtcRecognizer(await toolContext(tap).models.load(generalRecognition));

/** An image with one line of text and small margins. */
function strip(text: string, size: number): Image {
  const canvas = createCanvas(Math.ceil(measureText(text, size) + 1.2 * size), Math.ceil(1.7 * size), [236, 234, 228]);
  drawText(canvas, text, { x: 0.6 * size, y: 0.35 * size, size });
  return canvas;
}

function whole({ width, height }: Image): Region {
  return { x: 0, y: 0, w: width, h: height };
}

async function recognizeOne(image: Image, region: Region): Promise<Recognition> {
  const [recognition] = await recognizer.recognize([{ image, region }]);
  if (recognition === undefined) throw new Error('no recognition');
  return recognition;
}

test('recognizes small and large lines exactly', async (t) => {
  for (const size of [10, 14, 20, 30, 60, 120]) {
    const image = strip('KX482BD', size);
    const { text, score } = await recognizeOne(image, whole(image));
    t.equal(text, 'KX482BD', `${size} pixels`);
    t.ok(score > 0.8 && score <= 1, `score ${score}`);
  }
});

test('recognizes a grayscale image as an RGB image', async (t) => {
  const image = toGray(strip('KX482BD', 24));
  t.equal((await recognizeOne(image, whole(image))).text, 'KX482BD');
});

test('recognizes a long line completely, and its margins are not spaces', async (t) => {
  const text = 'TRANSPORT-SERVICE-HAMBURG-4711';
  const image = strip(text, 24);
  t.ok(image.width / image.height > 12, 'aspect ratio');
  t.equal((await recognizeOne(image, whole(image))).text, text);
});

test('compresses and recognizes a line that is wider than the maximum input', async (t) => {
  const text = 'ABCDEFGH23456789'.repeat(5);
  const image = strip(text, 24);
  t.ok(image.width / image.height > 1920 / 48, 'must be compressed');
  t.equal((await recognizeOne(image, whole(image))).text, text);
});

test('a line of more than a hundred characters keeps its spaces', async (t) => {
  const way = 'TAKE THE SECOND EXIT AND KEEP TO THE RIGHT LANE UNTIL THE NEXT GATE';
  const text = `${way} THEN CALL THE OFFICE AT ANY TIME AND WAIT IN LINE FOR THE NEXT FREE LANE`;
  const image = strip(text, 24);
  t.equal((await recognizeOne(image, whole(image))).text, text);
});

/** Repeats columns, so letters and gaps become wide. */
function stretch({ width, height, data }: Image, factor: number): Image {
  const wide = { width: Math.round(width * factor), height, channels: 3, data: new Uint8Array(0) } as const;
  const columns = Array.from({ length: wide.width }, (_, x) => Math.min(width - 1, Math.floor(x / factor)));
  const rows = Array.from({ length: height }, (_, y) =>
    columns.flatMap((x) => [...data.subarray(3 * (y * width + x)).slice(0, 3)]),
  );
  return { ...wide, data: Uint8Array.from(rows.flat()) };
}

test('recognizes spaces between wide letters although the blank is more probable', async (t) => {
  for (const [text, factor] of [
    ['AB 123 CD', 2],
    ['LANE 2 WEST', 2],
    ['BAY 7 ROW 3', 1.8],
  ] as const) {
    const image = stretch(strip(text, 24), factor);
    t.equal((await recognizeOne(image, whole(image))).text, text);
  }
});

test('recognizes a region without its surroundings', async (t) => {
  const canvas = createCanvas(320, 160, [236, 234, 228]);
  drawText(canvas, 'ABOVE', { x: 40, y: 20, size: 24 });
  drawText(canvas, 'MIDDLE', { x: 40, y: 70, size: 24 });
  drawText(canvas, 'BELOW', { x: 40, y: 120, size: 24 });
  t.equal(
    (await recognizeOne(canvas, { x: 30.4, y: 61.7, w: measureText('MIDDLE', 24) + 19.5, h: 40.2 })).text,
    'MIDDLE',
  );
});

test('accepts a region much narrower than the minimum input', async (t) => {
  const image = strip('7', 40);
  const recognitions = [
    await recognizeOne(image, { x: 2, y: 0, w: 1, h: image.height }),
    await recognizeOne(image, { x: 0, y: 0, w: 1, h: 1 }),
    await recognizeOne(image, { x: image.width - 1, y: image.height - 1, w: 1, h: 1 }),
  ];
  for (const { text, score } of recognitions) {
    t.type(text, 'string');
    t.ok(score >= 0 && score <= 1, `score ${score}`);
  }
});

test('a blank image has an empty text with score 0', async (t) => {
  const paper = createCanvas(200, 48, [236, 234, 228]);
  t.same(await recognizeOne(paper, whole(paper)), { text: '', score: 0, characters: [] });
});

test('a short line is not affected by a longer one before it', async (t) => {
  const [short, long] = [strip('AB12', 24), strip('TRANSPORT-SERVICE-4711', 24)];
  const before = await recognizeOne(short, whole(short));
  await recognizeOne(long, whole(long));
  t.same(await recognizeOne(short, whole(short)), before);
});

test('can be warmed up', async (t) => {
  await t.resolves(recognizer.warm());
});
