/** A session runs raw tensors, also in memory that threads share. */
import { readFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { OnnxSession } from '../../../src/models/onnx-session.ts';
import type { RawTensor } from '../../../src/models/tensor-types.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';

async function open(t: Test, model: string | Uint8Array): Promise<OnnxSession> {
  const session = await OnnxSession.create(model, { provider: 'cpu' });
  t.teardown(() => session.release());
  return session;
}

function shared(...values: number[]): RawTensor {
  const data = new Float32Array(new SharedArrayBuffer(4 * values.length));
  data.set(values);
  return { type: 'float32', data, dims: [1, values.length] };
}

test('runs a file, and the content of one', async (t) => {
  for (const model of [onnxFixture('double'), new Uint8Array(readFileSync(onnxFixture('double')))]) {
    const session = await open(t, model);
    t.same(session.inputs, [{ name: 'x', type: 'float32', dims: [1, 'n'] }]);
    t.same(session.outputs, [{ name: 'y', type: 'float32', dims: [1, 'n'] }]);
    t.same(await session.run({ x: shared(1, 2) }), {
      y: { type: 'float32', data: Float32Array.of(2, 4), dims: [1, 2] },
    });
  }
});

test('writes outputs where the caller wants them', async (t) => {
  const session = await open(t, onnxFixture('double'));
  const y = shared(0, 0, 0);
  const outputs = { y };
  t.equal(await session.run({ x: shared(1, 2, 3) }, outputs), outputs);
  t.same([...(y.data as Float32Array)], [2, 4, 6]);
});

test('outputs of another size are refused with words that an engine knows', async (t) => {
  const session = await open(t, onnxFixture('nonzero'));
  const y: RawTensor = { type: 'int64', data: new BigInt64Array(2), dims: [2, 1] };
  await t.rejects(session.run({ x: shared(1, 1) }, { y }), /pre-allocated output/i);
  t.same((await session.run({ x: shared(0, 1) }, { y }))['y']?.data, BigInt64Array.of(0n, 1n));
});

test('rejects a provider that is not there', async (t) => {
  const provider = process.platform === 'darwin' ? 'dml' : 'coreml';
  await t.rejects(OnnxSession.create(onnxFixture('double'), { provider, deviceId: 1 }));
});
