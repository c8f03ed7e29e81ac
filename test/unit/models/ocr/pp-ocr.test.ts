/** The PP-OCRv4 files exist, and their alphabet has one character per class of the recognizer. */
import { existsSync } from 'node:fs';
import { test } from 'tap';
import {
  detectionInput,
  detectionPath,
  recognitionAlphabet,
  recognitionHeight,
  recognitionInput,
  recognitionPath,
} from '../../../../src/models/ocr/pp-ocr.ts';
import { loadModel } from '../../../../src/models/onnx-model.ts';

test('both models are installed with the package', async (t) => {
  t.ok(existsSync(recognitionPath), 'recognition');
  t.ok(existsSync(detectionPath), 'detection');
});

test('the alphabet has one character per class except the blank, and ends with a space', async (t) => {
  const model = await loadModel({ name: 'rec', path: recognitionPath, providers: ['cpu'] });
  t.teardown(() => model.release());
  const [input] = model.inputs;
  const [output] = model.outputs;
  const data = new Float32Array(3 * recognitionHeight * 64);
  const outputs = await model.run({ [input?.name ?? '']: { data, dims: [1, 3, recognitionHeight, 64] } });
  const { dims } = outputs[output?.name ?? ''] ?? {};
  const alphabet = recognitionAlphabet();
  t.same(dims, [1, 8, alphabet.length + 1], 'one step per eight pixels, one class per character plus the blank');
  t.equal(alphabet.at(-1), ' ');
});

test('the alphabet has every digit and capital once, and no line ending', async (t) => {
  const alphabet = recognitionAlphabet();
  for (const character of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.') {
    t.equal(alphabet.filter((entry) => entry === character).length, 1, character);
  }
  t.same(
    alphabet.filter((entry) => /[\r\n]/.test(entry) || entry === ''),
    [],
  );
});

test('inputs are BGR, normalized with PaddleOCR’s values', async (t) => {
  t.same(recognitionInput, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], order: 'bgr' });
  t.same(detectionInput, { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: 'bgr' });
});
