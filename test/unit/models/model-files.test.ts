/** Models are found by name inside the models folder, and `model.json` is validated. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { findModel } from '../../../src/models/model-files.ts';

test('a folder with a model file is a model, and overrides are optional', async (t) => {
  const modelsDir = t.testdir({ mine: { 'model.onnx': '' } });
  t.same(findModel(modelsDir, 'mine'), { onnxPath: join(modelsDir, 'mine/model.onnx'), overrides: {} });
});

test('reads overrides', async (t) => {
  const overrides = { description: 'd', names: ['a'], score_threshold: 0, iou_threshold: 1 };
  const modelsDir = t.testdir({ mine: { 'model.onnx': '', 'model.json': JSON.stringify(overrides) } });
  t.match(findModel(modelsDir, 'mine'), { overrides });
});

test('settings implied by the output format can be overridden', async (t) => {
  const overrides = {
    output_format: 'yolov5',
    imgsz: [384, 640],
    normalization: '0-255',
    channel_order: 'bgr',
    letterbox: 'top-left',
  };
  const modelsDir = t.testdir({ mine: { 'model.onnx': '', 'model.json': JSON.stringify(overrides) } });
  t.match(findModel(modelsDir, 'mine'), { overrides });
});

test('an invalid override is an error that names its key', async (t) => {
  const bad = {
    output_format: 'yolov4',
    imgsz: [0, 640],
    normalization: { mean: [0, 0, 0], std: [1, 0, 1] },
    letterbox: 'left',
  };
  const modelsDir = t.testdir({ mine: { 'model.onnx': '', 'model.json': JSON.stringify(bad) } });
  const { issue } = findModel(modelsDir, 'mine') as { issue: string };
  for (const key of ['output_format', 'imgsz.0', 'normalization.std.1', 'letterbox'])
    t.ok(issue.includes(`${key}: `), `${key}: ${issue}`);
});

test('a single file is a model without overrides', async (t) => {
  const modelsDir = t.testdir({ 'mine.onnx': '', sub: { 'other.onnx': '' } });
  t.same(findModel(modelsDir, 'mine.onnx'), { onnxPath: join(modelsDir, 'mine.onnx'), overrides: {} });
  t.same(findModel(modelsDir, 'sub/other.onnx'), { onnxPath: join(modelsDir, 'sub/other.onnx'), overrides: {} });
});

test('names what is missing', async (t) => {
  const modelsDir = t.testdir({ empty: {} });
  t.same(findModel(modelsDir, 'absent'), { issue: `model file ${modelsDir}/absent/model.onnx does not exist` });
  t.same(findModel(modelsDir, 'empty'), { issue: `model file ${modelsDir}/empty/model.onnx does not exist` });
  t.same(findModel(modelsDir, 'absent.onnx'), { issue: `model file ${modelsDir}/absent.onnx does not exist` });
});

test('rejects a path that is not a file, or is too large, without opening it', async (t) => {
  const modelsDir = t.testdir({
    folder: { 'model.onnx': {} },
    large: { 'model.onnx': '' },
    fifo: {},
    json: { 'model.onnx': '' },
  });
  execFileSync('mkfifo', [join(modelsDir, 'fifo/model.onnx'), join(modelsDir, 'json/model.json')]);
  writeFileSync(join(modelsDir, 'large/model.json'), ' '.repeat(2_000_000));
  t.same(findModel(modelsDir, 'folder'), { issue: `model file ${modelsDir}/folder/model.onnx is a folder` });
  t.same(findModel(modelsDir, 'fifo'), { issue: `model file ${modelsDir}/fifo/model.onnx is not a regular file` });
  t.same(findModel(modelsDir, 'json'), { issue: `${modelsDir}/json/model.json is not a regular file` });
  t.match(findModel(modelsDir, 'large'), {
    issue: /large\/model\.json has 2000000 bytes; the limit is 1048576$/,
  });
});

test('rejects a name outside the models folder', async (t) => {
  const root = t.testdir({ models: {}, 'secret.onnx': '', other: { 'model.onnx': '' } });
  for (const name of ['../secret.onnx', '../other', 'a/../../other', join(root, 'secret.onnx'), '/etc/passwd.onnx']) {
    t.same(findModel(join(root, 'models'), name), { issue: `model "${name}" is outside the models folder` }, name);
  }
});

test('accepts a name that begins with two dots', async (t) => {
  const modelsDir = t.testdir({ '..mine': { 'model.onnx': '' } });
  t.match(findModel(modelsDir, '..mine'), { onnxPath: join(modelsDir, '..mine/model.onnx') });
});

test('rejects overrides that are not JSON or have unknown keys, and names the file', async (t) => {
  const modelsDir = t.testdir({
    broken: { 'model.onnx': '', 'model.json': '{' },
    wrong: { 'model.onnx': '', 'model.json': '{"names":[],"score_threshold":2,"color":1}' },
    list: { 'model.onnx': '', 'model.json': '[]' },
  });
  const broken = findModel(modelsDir, 'broken');
  t.match('issue' in broken && broken.issue, `${modelsDir}/broken/model.json is not JSON: Expected property name`);
  t.same(findModel(modelsDir, 'wrong'), {
    issue:
      `${modelsDir}/wrong/model.json: names: Too small: expected array to have >=1 items; ` +
      'score_threshold: Too big: expected number to be <=1; the file: Unrecognized key: "color"',
  });
  t.same(findModel(modelsDir, 'list'), {
    issue: `${modelsDir}/list/model.json: the file: Invalid input: expected object, received array`,
  });
});

test('deprecated keys of model.json still work, with one warning each', async (t) => {
  const deprecated = { head: 'yolov5', normalisation: '0-255', letterbox: 'centre' };
  const modelsDir = t.testdir({ mine: { 'model.onnx': '', 'model.json': JSON.stringify(deprecated) } });
  const warnings: string[] = [];
  t.match(
    findModel(modelsDir, 'mine', (line) => warnings.push(line.replace(`${modelsDir}/`, ''))),
    {
      overrides: { output_format: 'yolov5', normalization: '0-255', letterbox: 'center' },
    },
  );
  t.strictSame(warnings, [
    'mine/model.json: "head" is deprecated; use "output_format"',
    'mine/model.json: "normalisation" is deprecated; use "normalization"',
    'mine/model.json: letterbox "centre" is deprecated; use "center"',
  ]);
});

test('rejects a model.json with both the old and the new key', async (t) => {
  const both = { head: 'yolov5', output_format: 'yolox' };
  const modelsDir = t.testdir({ mine: { 'model.onnx': '', 'model.json': JSON.stringify(both) } });
  t.match(findModel(modelsDir, 'mine'), { issue: /Unrecognized key: "head"/ });
});
