/** Recognizers are found by name, and custom ones are configured by their metadata. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Writer } from 'protobufjs/minimal.js';
import { type Test, test } from 'tap';
import type { Image } from '../../../../src/models/image.ts';
import { type Crop, CtcRecognizer } from '../../../../src/models/ocr/ctc-recognizer.ts';
import { generalRecognition } from '../../../../src/models/ocr/pp-ocr.ts';
import { planRecognizer } from '../../../../src/models/ocr/recognizers.ts';
import type { Region } from '../../../../src/models/resampling.ts';
import { regionAround } from '../../../../src/tools/ocr-extract-text.ts';
import { onnxFixture, onnxFixtures } from '../../../support/onnx-fixtures.ts';
import { createCanvas, fillBox } from '../../../support/samples/canvas.ts';
import { plateBox, renderPlateScene } from '../../../support/samples/render-plate.ts';
import { toolContext } from '../../../support/tool-context.ts';

const nothing = { text: '', score: 0 };

async function openRecognizer(t: Test, modelsDir: string, name: string) {
  const recognizer = new CtcRecognizer(await toolContext(t, modelsDir).models.load(name));
  const recognizeOne = async (image: Image, region: Region) =>
    (await recognizer.recognize([{ image, region }]))[0] ?? nothing;
  return { recognizer, recognizeOne };
}

async function planOf(t: Test, modelsDir: string, name: string) {
  return planRecognizer(await toolContext(t, modelsDir).models.load(name));
}

const shippedModels = fileURLToPath(new URL('../../../../native-models', import.meta.url));

test('the general recognizer needs no models folder', async (t) => {
  const plan = await planOf(t, '/nowhere', generalRecognition);
  t.equal(plan.height, 48);
  t.equal(plan.alphabet.length, 6624);
});

test('alphabet and input size of a custom recognizer come from its metadata', async (t) => {
  const plan = await planOf(t, onnxFixtures, 'recognizer.onnx');
  t.match(plan, { alphabet: ['A'], height: 8, minWidth: 16, maxWidth: 16 });
});

test('a model that is missing or not a recognizer is a one-line error', async (t) => {
  const noRecognizer = 'model "boxes.onnx" is not a text recognizer: its metadata must have "alphabet" and "imgsz"';
  await t.rejects(planOf(t, onnxFixtures, 'boxes.onnx'), { message: noRecognizer });
  await t.rejects(planOf(t, onnxFixtures, 'none.onnx'), { message: /none\.onnx does not exist$/ });
});

test('rejects an input above the pixel limit before allocating it', async (t) => {
  const metadataProps = 14 * 8 + 2;
  const sizes = ['[48, 100000]', '[0, 16]', '[99999999, 99999999]'];
  const folder = t.testdir();
  for (const [index, imgsz] of sizes.entries()) {
    const entry = Writer.create().uint32(10).string('imgsz').uint32(18).string(imgsz).finish();
    const bytes = Writer.create().uint32(metadataProps).bytes(entry).finish();
    const name = `m${index}.onnx`;
    writeFileSync(join(folder, name), Buffer.concat([readFileSync(onnxFixture('recognizer')), bytes]));
    const error = await planOf(t, folder, name).catch((caught: Error) => caught);
    t.ok(error instanceof Error && error.message.includes(`imgsz is ${imgsz}; expected 1 to`), imgsz);
  }
});

test('a custom recognizer recognizes a line stretched to its input size', async (t) => {
  const { recognizeOne } = await openRecognizer(t, onnxFixtures, 'recognizer.onnx');
  const line = createCanvas(64, 20, [0, 0, 0]);
  const whole = { x: 0, y: 0, w: 64, h: 20 };
  t.match(await recognizeOne(line, whole), nothing);
  for (const x of [0, 32]) fillBox(line, { x, y: 0, w: 16, h: 20 }, [255, 255, 255]);
  const { text, score } = await recognizeOne(line, whole);
  t.equal(text, 'AA');
  t.ok(score > 0.95, `score ${score}`);
});

test('converts RGB to gray by luma', async (t) => {
  const { recognizeOne } = await openRecognizer(t, onnxFixtures, 'recognizer.onnx');
  const scoreOf = async (color: readonly [number, number, number]) => {
    const { text, score } = await recognizeOne(createCanvas(16, 8, color), { x: 0, y: 0, w: 16, h: 8 });
    return text === '' ? 0 : score;
  };
  t.equal(await scoreOf([255, 0, 0]), 0);
  t.equal(await scoreOf([0, 0, 255]), 0);
  t.ok(Math.abs((await scoreOf([0, 255, 0])) - 0.587) < 1e-3);
  t.ok(Math.abs((await scoreOf([255, 255, 0])) - 0.886) < 1e-3);
});

test('the shipped plate-reader recognizes plates, and a batch as each crop alone', async (t) => {
  const { recognizer, recognizeOne } = await openRecognizer(t, shippedModels, 'plate-reader');
  const { margin } = await planOf(t, shippedModels, 'plate-reader');
  const plate = { x: 220, y: 300, w: 180 };
  const texts = ['B52UV', 'M482KT', 'KXC358', 'AB123CD', 'HH4711'];
  const crops = texts.map((text): Crop => {
    const image = renderPlateScene({ width: 640, height: 480, text, plate });
    return { image, region: regionAround(plateBox(plate), margin, image) };
  });
  const together = await recognizer.recognize(crops);
  t.same(
    together.map(({ text }) => text.replace(/[^A-Z0-9]/g, '')),
    texts,
  );
  for (const [index, { image, region }] of crops.entries()) {
    const { text, score } = await recognizeOne(image, region);
    t.equal(text, together[index]?.text);
    t.ok(Math.abs(score - (together[index]?.score ?? 0)) < 1e-4, `score ${score}`);
  }
  t.same(await recognizer.recognize([]), [], 'no crops');
});

test('a recognizer’s metadata sets its margin and scoring', async (t) => {
  t.match(await planOf(t, shippedModels, 'plate-reader'), { margin: { x: 0.06, y: 0.15 }, scoring: 'product' });
  t.match(await planOf(t, onnxFixtures, 'recognizer.onnx'), { margin: { x: 0, y: 0 }, scoring: 'mean' });
});
