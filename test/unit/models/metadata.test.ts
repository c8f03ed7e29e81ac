/** ONNX metadata is read from the file's bytes, and Ultralytics' texts are parsed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writer } from 'protobufjs/minimal.js';
import { type Test, test } from 'tap';
import { parseClassNames, parseImageSize, parsePair, readOnnxHeader } from '../../../src/models/metadata.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';

/** Tags of onnx.proto3: the field's number and its wire type, 0 for numbers, 2 for bytes. */
const tag = (field: number, wireType: 0 | 2) => field * 8 + wireType;
const irVersion = tag(1, 0);
const producer = tag(2, 2);
const graph = tag(7, 2);
const metadataProps = tag(14, 2);
const key = tag(1, 2);
const value = tag(2, 2);

function entry(name: string, text: string): Uint8Array {
  return Writer.create().uint32(key).string(name).uint32(value).string(text).finish();
}

/** A model file with these entries between unrelated fields. */
function modelFile(t: Test, entries: readonly Uint8Array[]): string {
  const writer = Writer.create().uint32(irVersion).uint32(8).uint32(producer).string('by hand');
  for (const bytes of entries) writer.uint32(metadataProps).bytes(bytes);
  writer.uint32(graph).bytes(new Uint8Array(300));
  const path = join(t.testdir(), 'model.onnx');
  writeFileSync(path, writer.finish());
  return path;
}

test('finds entries between other fields', async (t) => {
  const path = modelFile(t, [entry('stride', '32'), entry('task', 'detect')]);
  t.same((await readOnnxHeader(path)).metadata, { stride: '32', task: 'detect' });
});

test('a file without entries has no metadata', async (t) => {
  t.same((await readOnnxHeader(modelFile(t, []))).metadata, {});
});

test('reads text of any script and length', async (t) => {
  const long = 'x'.repeat(70_000);
  const path = modelFile(t, [entry('names', "{0: 'Nummernschild ÄÖÜ 車牌'}"), entry('long', long)]);
  t.same((await readOnnxHeader(path)).metadata, { names: "{0: 'Nummernschild ÄÖÜ 車牌'}", long });
});

test('an entry may lack its value or have unknown fields', async (t) => {
  const bare = Writer.create().uint32(key).string('bare').finish();
  const later = Writer.create()
    .uint32(tag(9, 2))
    .string('new')
    .uint32(value)
    .string('2')
    .uint32(key)
    .string('later')
    .finish();
  t.same((await readOnnxHeader(modelFile(t, [bare, later]))).metadata, { bare: '', later: '2' });
});

test('reads a file written by the onnx package', async (t) => {
  t.same((await readOnnxHeader(onnxFixture('double'))).metadata, { author: 'framegate', names: `{0: 'a', 1: "b's"}` });
});

test('reads the producer and the opset version', async (t) => {
  t.match(await readOnnxHeader(onnxFixture('double')), { producer: 'framegate tests', opset: 13 });
  const domain = tag(1, 2);
  const version = tag(2, 0);
  const set = tag(8, 2);
  const other = Writer.create().uint32(domain).string('ai.onnx.ml').uint32(version).uint32(3).finish();
  const standard = Writer.create().uint32(domain).string('').uint32(version).uint32(17).finish();
  const writer = Writer.create().uint32(producer).string('exporter').uint32(tag(3, 2)).string('2.1');
  const path = join(t.testdir(), 'model.onnx');
  writeFileSync(path, writer.uint32(set).bytes(standard).uint32(set).bytes(other).finish());
  t.same(await readOnnxHeader(path), { producer: 'exporter 2.1', opset: 17, metadata: {} });
});

test('rejects a truncated file and a file that is not a protobuf message', async (t) => {
  const folder = t.testdir({ 'text.onnx': 'this is no model' });
  await t.rejects(readOnnxHeader(join(folder, 'text.onnx')));
  const whole = readFileSync(onnxFixture('double'));
  writeFileSync(join(folder, 'cut.onnx'), whole.subarray(0, whole.length - 10));
  await t.rejects(readOnnxHeader(join(folder, 'cut.onnx')));
  await t.rejects(readOnnxHeader(join(folder, 'missing.onnx')), { code: 'ENOENT' });
});

test('parses class names as Python prints them', async (t) => {
  t.same(parseClassNames("{0: 'plate'}"), ['plate']);
  t.same(parseClassNames(`{0: 'person', 1: "driver's side", 2: 'traffic light'}`), [
    'person',
    "driver's side",
    'traffic light',
  ]);
  t.same(parseClassNames(String.raw`{0: 'it\'s "both"', 1: 'back\\slash'}`), [`it's "both"`, 'back\\slash']);
  t.same(parseClassNames("{ 0 : 'a' ,1:'b'}"), ['a', 'b']);
  t.same(parseClassNames(`{0: 'a, 1: b', 1: ''}`), ['a, 1: b', '']);
});

test('parses a list of names, as v5 prints them, in order', async (t) => {
  t.same(parseClassNames(`['plate', "driver's side", '2: x']`), ['plate', "driver's side", '2: x']);
});

test('orders names by their number and fills gaps', async (t) => {
  t.same(parseClassNames("{2: 'c', 0: 'a'}"), ['a', 'class 1', 'c']);
});

test('text without names is undefined', async (t) => {
  t.equal(parseClassNames(undefined), undefined);
  t.equal(parseClassNames(''), undefined);
  t.equal(parseClassNames('{}'), undefined);
  t.equal(parseClassNames('[]'), undefined);
  t.equal(parseClassNames("{'a': 'b'}"), undefined);
});

test('a huge class number does not create a list of that length', async (t) => {
  const names = parseClassNames("{1000000: 'a'}");
  t.ok(names === undefined, `there are ${names?.length} names`);
});

test('crafted text does not make the expression backtrack', async (t) => {
  const megabytes = 4_000_000;
  t.equal(parseClassNames('1'.repeat(megabytes)), undefined);
  t.equal(parseClassNames(`1${' '.repeat(megabytes)}`), undefined);
  t.equal(parseClassNames(`{0: '${"\\'".repeat(megabytes / 2)}`), undefined);
  t.equal(parseClassNames(`{0: "${'x'.repeat(megabytes)}`), undefined);
  t.equal(parseClassNames(`{0: '${'x'.repeat(megabytes)}'}`)?.[0]?.length, megabytes);
  t.equal(parseClassNames(`{0: '${'x'.repeat(5_000_000)}'}`), undefined, 'longer text is not parsed');
});

test('ignores an unterminated name and everything after it', async (t) => {
  t.same(parseClassNames("{0: 'a', 1: 'b"), ['a']);
  t.same(parseClassNames(String.raw`{0: 'a', 1: 'b\ `.trim()), ['a']);
});

test('parses an input size, height first', async (t) => {
  t.same(parseImageSize('[480, 640]'), { height: 480, width: 640 });
  t.same(parseImageSize('[ 32,64 ]'), { height: 32, width: 64 });
});

test('text that is not an input size is undefined', async (t) => {
  for (const text of [undefined, '', '640', '[640]', '[1, 2, 3]', '(480, 640)', '[-1, 640]', '[4.5, 640]']) {
    t.equal(parseImageSize(text), undefined, String(text));
  }
});

test('parses a pair of numbers as Python prints it; anything else is undefined', async (t) => {
  t.same(parsePair('[0.06, 0.15]'), [0.06, 0.15]);
  t.same(parsePair('[ 0,1 ]'), [0, 1]);
  for (const text of [undefined, '', '[]', '[0.1]', '[-0.1, 0]', '[1, 2, 3]', '(1, 2)', '[a, b]', '[1., 2]']) {
    t.equal(parsePair(text), undefined, String(text));
  }
});

test('more names than classes can be are not read', async (t) => {
  const names = Array.from({ length: 200_000 }, (_, index) => `${index}:''`).join();
  t.equal(parseClassNames(`{${names}}`), undefined);
});
