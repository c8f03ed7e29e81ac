/** Fuzz cases are reproducible from their seed, and encoding is lossless without changes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { damage } from '../../../../bench/fuzz/damage.ts';
import { makeJson } from '../../../../bench/fuzz/json-cases.ts';
import { makeOnnx, onnxSchema } from '../../../../bench/fuzz/onnx-cases.ts';
import { numberField, readMessage, writeMessage } from '../../../../bench/fuzz/protobuf.ts';
import { randomForCase } from '../../../../bench/fuzz/target.ts';
import { varint } from '../../../../src/models/onnx-file/protobuf.ts';
import { onnxFixture } from '../../../support/onnx-fixtures.ts';
import { yoloFixtures } from '../../../support/yolo-fixtures.ts';

test('decoding and encoding a model returns the same bytes', async (t) => {
  for (const path of [onnxFixture('boxes'), join(yoloFixtures, 'v8.onnx')]) {
    const bytes = readFileSync(path);
    const fields = readMessage(bytes, onnxSchema);
    t.ok(Buffer.from(writeMessage(fields)).equals(bytes), path);
    const graph = fields.find(({ number }) => number === 7);
    t.ok(graph?.kind === 'message' && graph.fields.some(({ kind }) => kind === 'message'), 'the graph is decoded');
  }
});

test('numbers are encoded as in protobuf', async (t) => {
  t.same([...varint(0n)], [0]);
  t.same([...varint(300n)], [0xac, 0x02]);
  t.same([...varint(-1n)], [...Array<number>(9).fill(0xff), 1]);
  t.same([...writeMessage([numberField(1, 150n)])], [0x08, 0x96, 0x01]);
});

test('a case depends only on its seed and number', async (t) => {
  const bases = [readFileSync(onnxFixture('boxes'))];
  const make = (seed: number, number: number) => Buffer.from(makeOnnx(randomForCase(seed, number), bases).bytes);
  const before = Buffer.from(bases[0] as Buffer);
  t.ok(make(1, 7).equals(make(1, 7)));
  const others = [make(1, 8), make(2, 7), make(1, 9), make(3, 7)];
  t.ok(others.some((other) => !other.equals(make(1, 7))));
  t.ok(before.equals(bases[0] as Buffer), 'the seed file is unchanged');
});

test('damage describes its changes and leaves the seed file unchanged', async (t) => {
  const bytes = Uint8Array.from({ length: 100 }, (_, at) => at);
  for (let number = 0; number < 200; number++) {
    const made = damage(randomForCase(1, number), bytes);
    t.match(made.what, /^[a-z ]+(, [a-z ]+)*$/);
  }
  t.same([...bytes], [...bytes.keys()]);
  t.same(damage(randomForCase(1, 1), new Uint8Array(0)), { bytes: Buffer.alloc(0), what: '' });
});

test('JSON cases contain special keys and invalid numbers', async (t) => {
  const texts = Array.from({ length: 2000 }, (_, number) =>
    makeJson(randomForCase(1, number), { a: 1, b: [2, { c: 3 }] }),
  );
  const joined = texts.map(({ bytes }) => Buffer.from(bytes).toString()).join('\n');
  for (const part of ['"__proto__":', 'NaN', '1e999', '[[[[']) t.ok(joined.includes(part), part);
  t.notOk('polluted' in {});
});
