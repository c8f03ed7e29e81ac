/** External weights are loaded only from the model's folder. ONNX Runtime enforces this; the test makes sure that it still does. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { onnxSchema } from '../../../bench/fuzz/onnx-cases.ts';
import { entryField, type Field, numberField, readMessage, writeMessage } from '../../../bench/fuzz/protobuf.ts';
import { loadModel } from '../../../src/models/onnx-model.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';

/** Field numbers: `graph` of a model, `initializer` of a graph, and `raw_data`, `external_data`, `data_location` of a tensor. */
const graph = 7;
const initializer = 5;
const [rawData, externalData, dataLocation] = [9, 13, 14];
const external = 1n;

function fieldsOf(fields: readonly Field[], number: number): Field[] {
  const found = fields.find((field) => field.number === number);
  return found?.kind === 'message' ? found.fields : [];
}

/** `boxes.onnx` with its first tensor moved to an external file. */
function withWeightsIn(location: string): { readonly model: Uint8Array; readonly weights: Uint8Array } {
  const fields = readMessage(readFileSync(onnxFixture('boxes')), onnxSchema);
  const tensor = fieldsOf(fieldsOf(fields, graph), initializer);
  const at = tensor.findIndex(({ number }) => number === rawData);
  const [raw] = tensor.splice(at, 1);
  tensor.push(entryField(externalData, 'location', location), numberField(dataLocation, external));
  return { model: writeMessage(fields), weights: raw?.kind === 'bytes' ? raw.value : new Uint8Array(0) };
}

test('loads weights next to the model and rejects paths that lead elsewhere, with one line', async (t) => {
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
