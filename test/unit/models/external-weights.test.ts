/** Weights in files of their own are read from the model's folder, and from nowhere else: ONNX Runtime sees to it, and must go on doing so. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { onnxSchema } from '../../../bench/fuzz/onnx-cases.ts';
import { entryField, type Field, numberField, readMessage, writeMessage } from '../../../bench/fuzz/protobuf.ts';
import { loadModel } from '../../../src/models/onnx-model.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';

/** `GraphProto` in a model, its initializers, and in a `TensorProto` its bytes, its external data and where its data is. */
const graph = 7;
const initializer = 5;
const [rawData, externalData, dataLocation] = [9, 13, 14];
const external = 1n;

function fieldsOf(fields: readonly Field[], number: number): Field[] {
  const found = fields.find((field) => field.number === number);
  return found?.kind === 'message' ? found.fields : [];
}

/** `boxes.onnx` with its first weights in another file. */
function withWeightsIn(location: string): { readonly model: Uint8Array; readonly weights: Uint8Array } {
  const fields = readMessage(readFileSync(onnxFixture('boxes')), onnxSchema);
  const tensor = fieldsOf(fieldsOf(fields, graph), initializer);
  const at = tensor.findIndex(({ number }) => number === rawData);
  const [raw] = tensor.splice(at, 1);
  tensor.push(entryField(externalData, 'location', location), numberField(dataLocation, external));
  return { model: writeMessage(fields), weights: raw?.kind === 'bytes' ? raw.value : new Uint8Array(0) };
}

test('weights beside the model are read; a path that leads elsewhere is refused in one line', async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, 'm'));
  const { weights } = withWeightsIn('');
  for (const path of ['weights.bin', 'm/weights.bin']) writeFileSync(join(folder, path), weights);
  symlinkSync('../weights.bin', join(folder, 'm/link.bin'));
  const load = (location: string) => {
    const path = join(folder, 'm', `${location.replaceAll('/', '_')}.onnx`);
    writeFileSync(path, withWeightsIn(location).model);
    return loadModel({ name: 'm', path, providers: ['cpu'] });
  };
  const model = await load('weights.bin');
  t.equal(model.outputs.length, 1);
  await model.release();
  for (const location of ['../weights.bin', 'link.bin', join(folder, 'weights.bin'), '/dev/zero'])
    await t.rejects(load(location), { message: /^model "m" cannot be loaded \(cpu: External data path .*$/ }, location);
});
