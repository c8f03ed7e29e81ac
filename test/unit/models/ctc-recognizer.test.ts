/** The recogniser reads rendered lines exactly, at the sizes and in the places that cameras give. */
import { test } from 'tap';
import type { Recognition } from '../../../src/models/ctc.ts';
import { CtcRecognizer } from '../../../src/models/ctc-recognizer.ts';
import type { Image } from '../../../src/models/image.ts';
import { findRecognizer, generalRecognizer } from '../../../src/models/recognizers.ts';
import type { Region } from '../../../src/models/resampling.ts';
import { createCanvas } from '../../../src/samples/canvas.ts';
import { drawText, measureText } from '../../../src/samples/draw-text.ts';
import { toGray } from '../../../src/samples/render-text.ts';

const general = await findRecognizer('', generalRecognizer);
const recognizer = await CtcRecognizer.create(general, ['cpu']);

/** A strip of paper as long as the text on it. */
function strip(text: string, size: number): Image {
  const canvas = createCanvas(Math.ceil(measureText(text, size) + 1.2 * size), Math.ceil(1.7 * size), [236, 234, 228]);
  drawText(canvas, text, { x: 0.6 * size, y: 0.35 * size, size });
  return canvas;
}

function whole({ width, height }: Image): Region {
  return { x: 0, y: 0, w: width, h: height };
}

async function readOne(image: Image, region: Region): Promise<Recognition> {
  const [recognition] = await recognizer.recognize([{ image, region }]);
  if (recognition === undefined) throw new Error('nothing was read');
  return recognition;
}

test('a line is read exactly, small or large', async (t) => {
  for (const size of [10, 14, 20, 30, 60, 120]) {
    const image = strip('KX482BD', size);
    const { text, score } = await readOne(image, whole(image));
    t.equal(text, 'KX482BD', `${size} pixels`);
    t.ok(score > 0.8 && score <= 1, `score ${score}`);
  }
});

test('a grey picture is read as a colour one', async (t) => {
  const image = toGray(strip('KX482BD', 24));
  t.equal((await readOne(image, whole(image))).text, 'KX482BD');
});

test('a long line is read to its end, and its margins are no spaces', async (t) => {
  const text = 'TRANSPORT-SERVICE-HAMBURG-4711';
  const image = strip(text, 24);
  t.ok(image.width / image.height > 12, 'it is long');
  t.equal((await readOne(image, whole(image))).text, text);
});

test('a line that is wider than the input may be is squeezed and still read', async (t) => {
  const text = 'ABCDEFGH23456789'.repeat(5);
  const image = strip(text, 24);
  t.ok(image.width / image.height > 1920 / 48, 'it must be squeezed');
  t.equal((await readOne(image, whole(image))).text, text);
});

test('a line of more than a hundred characters keeps its spaces', async (t) => {
  const way = 'TAKE THE SECOND EXIT AND KEEP TO THE RIGHT LANE UNTIL THE NEXT GATE';
  const text = `${way} THEN CALL THE OFFICE AT ANY TIME AND WAIT IN LINE FOR THE NEXT FREE LANE`;
  const image = strip(text, 24);
  t.equal((await readOne(image, whole(image))).text, text);
});

/** The picture with columns repeated, so that letters and gaps become wide. */
function stretch({ width, height, data }: Image, factor: number): Image {
  const wide = { width: Math.round(width * factor), height, channels: 3, data: new Uint8Array(0) } as const;
  const columns = Array.from({ length: wide.width }, (_, x) => Math.min(width - 1, Math.floor(x / factor)));
  const rows = Array.from({ length: height }, (_, y) =>
    columns.flatMap((x) => [...data.subarray(3 * (y * width + x)).slice(0, 3)]),
  );
  return { ...wide, data: Uint8Array.from(rows.flat()) };
}

test('spaces between wide letters are read, which "no character" outweighs', async (t) => {
  for (const [text, factor] of [
    ['AB 123 CD', 2],
    ['LANE 2 WEST', 2],
    ['BAY 7 ROW 3', 1.8],
  ] as const) {
    const image = stretch(strip(text, 24), factor);
    t.equal((await readOne(image, whole(image))).text, text);
  }
});

test('a region is read without what surrounds it', async (t) => {
  const canvas = createCanvas(320, 160, [236, 234, 228]);
  drawText(canvas, 'ABOVE', { x: 40, y: 20, size: 24 });
  drawText(canvas, 'MIDDLE', { x: 40, y: 70, size: 24 });
  drawText(canvas, 'BELOW', { x: 40, y: 120, size: 24 });
  t.equal((await readOne(canvas, { x: 30.4, y: 61.7, w: measureText('MIDDLE', 24) + 19.5, h: 40.2 })).text, 'MIDDLE');
});

test('a region far narrower than the smallest input is read without fault', async (t) => {
  const image = strip('7', 40);
  const recognitions = [
    await readOne(image, { x: 2, y: 0, w: 1, h: image.height }),
    await readOne(image, { x: 0, y: 0, w: 1, h: 1 }),
    await readOne(image, { x: image.width - 1, y: image.height - 1, w: 1, h: 1 }),
  ];
  for (const { text, score } of recognitions) {
    t.type(text, 'string');
    t.ok(score >= 0 && score <= 1, `score ${score}`);
  }
});

test('plain paper has no text and no certainty', async (t) => {
  const paper = createCanvas(200, 48, [236, 234, 228]);
  t.same(await readOne(paper, whole(paper)), { text: '', score: 0 });
});

test('a short line after a long one has nothing left over of it', async (t) => {
  const [short, long] = [strip('AB12', 24), strip('TRANSPORT-SERVICE-4711', 24)];
  const before = await readOne(short, whole(short));
  await readOne(long, whole(long));
  t.same(await readOne(short, whole(short)), before);
});

test('the model is told by name, and warming it up costs no result', async (t) => {
  await recognizer.warm();
  t.match(recognizer.model, { name: 'pp-ocrv4-rec', provider: 'cpu' });
  await recognizer.model.release();
});

test('a provider that cannot be had is an error that names the model', async (t) => {
  await t.rejects(CtcRecognizer.create(general, ['no-such-provider']), {
    name: 'ModelLoadError',
    message: /pp-ocrv4-rec/,
  });
});
