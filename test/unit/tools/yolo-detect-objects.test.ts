/** Known boxes of a tiny model are returned in frame pixels, filtered by the settings. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { iou } from '../../../bench/eval/score.ts';
import type { Image } from '../../../src/models/image.ts';
import type { Detection } from '../../../src/protocol.ts';
import { yoloDetectObjects } from '../../../src/tools/yolo-detect-objects.ts';
import { largeOnly, withLarge } from '../../../src/tools/yolo-looks.ts';
import { shippedModels } from '../../support/gateway.ts';
import { onnxFixture, onnxFixtures } from '../../support/onnx-fixtures.ts';
import { plateBox, renderPlateScene } from '../../support/samples/render-plate.ts';
import { createTool } from '../../support/tool-context.ts';
import { yoloFixtures } from '../../support/yolo-fixtures.ts';

function frame(width: number, height: number, level = 255): Image {
  return { width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(level) };
}

/** A detector with a fixture model, closed when the test ends. */
async function createDetector(t: Test, params: Record<string, unknown>, modelsDir = onnxFixtures) {
  return createTool(t, yoloDetectObjects, params, modelsDir);
}

async function detect(t: Test, params: Record<string, unknown>, image: Image, modelsDir?: string) {
  const { detections } = await (await createDetector(t, params, modelsDir)).run({ image });
  return detections ?? [];
}

/** Boxes without their scores, which are float32. */
function placesOf(detections: readonly Detection[]): [label: string, x: number, y: number, w: number, h: number][] {
  return detections.map(({ label, x, y, w, h }) => [label, x, y, w, h]);
}

function scoresOf(detections: readonly Detection[]): number[] {
  return detections.map(({ score }) => Math.round(score * 100) / 100);
}

/** A models folder with the fixture as the model `mine` and a `model.json`. */
function withOverrides(t: Test, overrides: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-model-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mine'));
  copyFileSync(onnxFixture('boxes'), join(folder, 'mine/model.onnx'));
  writeFileSync(join(folder, 'mine/model.json'), JSON.stringify(overrides));
  return folder;
}

test('returns boxes in frame pixels, best first, without overlapping ones', async (t) => {
  const detections = await detect(t, { model: 'boxes.onnx' }, frame(128, 64));
  t.same(placesOf(detections), [
    ['plate', 24, 24, 32, 16],
    ["driver's side", 80, 16, 16, 32],
    ['plate', 56, 0, 16, 8],
    ['plate', 32, 52, 16, 8],
  ]);
  t.same(scoresOf(detections), [0.9, 0.7, 0.6, 0.3]);
});

test('a frame of the input’s size has the model’s own boxes', async (t) => {
  t.same(placesOf(await detect(t, { model: 'boxes.onnx', score_threshold: 0.65 }, frame(64, 64))), [
    ['plate', 12, 28, 16, 8],
    ["driver's side", 40, 24, 8, 16],
  ]);
});

test('pads a tall frame left and right', async (t) => {
  const [best] = placesOf(await detect(t, { model: 'boxes.onnx' }, frame(32, 64)));
  t.same(best, ['plate', 0, 28, 12, 8]);
});

test('a model with a free input size uses imgsz, height first', async (t) => {
  const detections = await detect(t, { model: 'free-size.onnx' }, frame(128, 64));
  t.same(placesOf(detections), [
    ['plate', 24, 56, 32, 8],
    ["driver's side", 80, 48, 16, 16],
    ['plate', 56, 24, 16, 16],
    ['plate', 56, 4, 16, 8],
  ]);
});

test("a node's imgsz overrides the file's", async (t) => {
  const [fallback, wider] = [undefined, [128, 64]].map(async (imgsz) => {
    return placesOf(await detect(t, { model: 'free-size.onnx', ...(imgsz && { imgsz }) }, frame(128, 64)));
  });
  t.notSame(await wider, await fallback);
  await t.rejects(detect(t, { model: 'boxes.onnx', imgsz: [32, 32] }, frame(64, 64)), { message: /the file fixes/ });
});

test('the image reaches the model', async (t) => {
  t.same(scoresOf(await detect(t, { model: 'brightness.onnx' }, frame(64, 64, 255))), [0.9, 0.7, 0.6, 0.55, 0.3]);
  t.same(scoresOf(await detect(t, { model: 'brightness.onnx' }, frame(64, 64, 102))), [0.36, 0.28]);
  t.same(scoresOf(await detect(t, { model: 'brightness.onnx' }, frame(64, 64, 0))), []);
});

test('a uint8 model gets the same image', async (t) => {
  const scores = { 255: [0.9, 0.7, 0.6, 0.55, 0.3], 102: [0.36, 0.28], 0: [] };
  for (const [gray, expected] of Object.entries(scores)) {
    t.same(scoresOf(await detect(t, { model: 'pixels.onnx' }, frame(64, 64, Number(gray)))), expected);
  }
  const wide = frame(128, 64);
  const longer = { ...wide, data: Uint8Array.from([...wide.data, ...new Uint8Array(999)]) };
  const [bytes, floats] = [
    await detect(t, { model: 'pixels.onnx' }, longer),
    await detect(t, { model: 'brightness.onnx' }, wide),
  ];
  t.same([placesOf(bytes), scoresOf(bytes)], [placesOf(floats), scoresOf(floats)]);
});

test('a frame does not affect the next one', async (t) => {
  const tool = await createDetector(t, { model: 'brightness.onnx' });
  await tool.warm?.();
  const wide = (await tool.run({ image: frame(128, 64) })).detections;
  await tool.run({ image: frame(64, 64, 0) });
  t.same((await tool.run({ image: frame(128, 64) })).detections, wide);
});

test('thresholds of the node override model.json, which overrides the defaults', async (t) => {
  const modelsDir = withOverrides(t, { score_threshold: 0.65, iou_threshold: 0.95 });
  const image = frame(64, 64);
  t.same(scoresOf(await detect(t, { model: 'mine' }, image, modelsDir)), [0.9, 0.8, 0.7]);
  t.same(scoresOf(await detect(t, { model: 'mine', score_threshold: 0.85 }, image, modelsDir)), [0.9]);
  t.same(scoresOf(await detect(t, { model: 'mine', iou_threshold: 0.5 }, image, modelsDir)), [0.9, 0.7]);
  t.same(scoresOf(await detect(t, { model: 'boxes.onnx' }, image)), [0.9, 0.7, 0.6, 0.55, 0.3]);
});

test('zero is a valid threshold', async (t) => {
  const all = await detect(t, { model: 'boxes.onnx', score_threshold: 0, iou_threshold: 1 }, frame(64, 64));
  t.equal(all.length, 7);
});

test('names in model.json override the file’s, and a class without a name gets its number', async (t) => {
  const params = { score_threshold: 0.65 };
  const modelsDir = withOverrides(t, { names: ['x', 'y'] });
  const labelsOf = async (model: string, dir?: string) =>
    (await detect(t, { ...params, model }, frame(64, 64), dir)).map(({ label }) => label);
  t.same(await labelsOf('mine', modelsDir), ['x', 'y']);
  t.same(await labelsOf('no-names.onnx'), ['class 0', 'class 1']);
});

test('returns only the given classes', async (t) => {
  const detections = await detect(t, { model: 'boxes.onnx', classes: ["driver's side"] }, frame(64, 64));
  t.same(scoresOf(detections), [0.7]);
  t.same(await detect(t, { model: 'no-names.onnx', classes: ['boat'] }, frame(64, 64)), []);
});

test('a class that the model does not have is an error that lists those it has', async (t) => {
  const boat = { model: 'boxes.onnx', classes: ['plate', 'boat'] };
  await t.rejects(createDetector(t, boat), {
    message: 'model "boxes.onnx": it has no class "boat"; it has plate, driver\'s side',
  });
  const names = ['first', 'second'];
  await t.rejects(createDetector(t, { ...boat, model: 'mine' }, withOverrides(t, { names })), /it has first, second$/);
});

test('returns at most max_detections boxes', async (t) => {
  t.same(scoresOf(await detect(t, { model: 'boxes.onnx', max_detections: 2 }, frame(64, 64))), [0.9, 0.7]);
});

test('excluded boxes do not count towards max_detections', async (t) => {
  const other = { model: 'boxes.onnx', max_detections: 1, classes: ["driver's side"] };
  t.same(scoresOf(await detect(t, other, frame(64, 64))), [0.7], 'boxes of another class');
  const beside = { model: 'boxes.onnx', max_detections: 4, score_threshold: 0.3 };
  t.same(scoresOf(await detect(t, beside, frame(128, 64))), [0.9, 0.7, 0.6, 0.3], 'boxes outside the image');
});

test('with second_look, a plate that fills the picture is found at half size', async (t) => {
  const plate = { x: 30, y: 170, w: 580 };
  const image = renderPlateScene({ width: 640, height: 480, text: 'AB123CD', plate });
  t.same(await detect(t, {}, image, shippedModels), [], 'a single look misses it');
  const [found, ...others] = await detect(t, { second_look: true }, image, shippedModels);
  t.same(others, []);
  t.ok(found !== undefined && iou(found, plateBox(plate)) > 0.8, JSON.stringify(found));
});

test('uncertain detections do not prevent the second look, and pieces of what it finds are left out', async (t) => {
  const plate = { x: 30, y: 170, w: 580 };
  const image = renderPlateScene({ width: 640, height: 480, text: 'AB123CD', plate });
  const once = await detect(t, { score_threshold: 0.01 }, image, shippedModels);
  const isInside = ({ x, y, w, h }: Detection) => iou({ x, y, w, h }, plateBox(plate)) > 0;
  t.ok(once.some(isInside), 'a single look finds pieces of it');
  const [found, ...others] = await detect(t, { score_threshold: 0.01, second_look: true }, image, shippedModels);
  t.ok(found !== undefined && iou(found, plateBox(plate)) > 0.8, JSON.stringify(found));
  t.ok(found !== undefined && found.score >= 0.5, 'with the threshold of the model');
  t.same(others.filter(isInside), []);
});

test('the second look reports only objects that the first one may be too close to see', async (t) => {
  const of = (w: number, h: number) => ({ x: 0, y: 0, w, h, label: 'plate', score: 0.9 });
  const size = { width: 640, height: 480 };
  t.same(largeOnly([of(159, 119), of(160, 40), of(40, 120)], size), [of(160, 40), of(40, 120)]);
});

test('a large object replaces pieces of it and itself, but nothing beside it and nothing of another class', async (t) => {
  const of = (x: number, score: number, label = 'plate') => ({ x, y: 100, w: 50, h: 20, label, score });
  const large = { x: 100, y: 80, w: 400, h: 100, label: 'plate', score: 0.55 };
  const found = [of(120, 0.6), of(520, 0.58), of(130, 0.3, 'bolt'), { ...large, score: 0.2 }];
  t.same(withLarge(found, [large]), [of(520, 0.58), large, of(130, 0.3, 'bolt')], 'best score first');
  t.same(withLarge(found, []), found);
});

test('second_look needs a model that takes half its input size', async (t) => {
  const message = /model "boxes\.onnx": second_look: .*the file fixes/;
  await t.rejects(createDetector(t, { model: 'boxes.onnx', second_look: true }), { message });
});

test('with match_aspect, boxes of frames of any shape are in frame pixels, and small plates are found', async (t) => {
  const plain = await createDetector(t, {}, shippedModels);
  const matched = await createDetector(t, { match_aspect: true }, shippedModels);
  const shapes = [
    [1280, 720],
    [720, 1280],
    [600, 800],
    [640, 480],
    [900, 300],
  ] as const;
  for (const [width, height] of shapes) {
    const plate = { x: width / 3, y: height / 2, w: width / 5 };
    const image = renderPlateScene({ width, height, text: 'AB123CD', plate });
    const { detections = [] } = await matched.run({ image });
    t.equal(detections.length, 1, `${width}x${height}`);
    t.ok(iou(detections[0] as Detection, plateBox(plate)) > 0.8, `${width}x${height}: ${JSON.stringify(detections)}`);
  }
  const small = renderPlateScene({ width: 720, height: 1280, text: 'AB123CD', plate: { x: 300, y: 700, w: 30 } });
  const [before, after] = await Promise.all(
    [plain, matched].map(async (tool) => (await tool.run({ image: small })).detections?.length),
  );
  t.same([before, after], [0, 1], 'an upright frame is half as large again for the model');
});

test('match_aspect needs a model that leaves its input size free', async (t) => {
  const message = /model "v11\.onnx": match_aspect: imgsz is \[\d+, \d+\], but the file fixes/;
  await t.rejects(createDetector(t, { model: 'v11.onnx', match_aspect: true }, yoloFixtures), { message });
});
