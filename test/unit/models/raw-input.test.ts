/** Inputs keep their type, except for float32 that a model takes as halves. */
import { test } from 'tap';
import { rawInputsOf } from '../../../src/models/raw-input.ts';

const dims = [1, 2];

test('only float32 is converted, to halves', (t) => {
  const declared = ['a', 'b', 'c', 'd'].map((name) => ({ name, type: 'float16', dims }));
  const inputs = {
    a: { data: Float32Array.of(1, -2), dims },
    b: { data: Uint8Array.of(1, 2), dims },
    c: { data: BigInt64Array.of(1n, 2n), dims },
    e: { data: Float32Array.of(3, 4), dims },
  };
  t.same(rawInputsOf(inputs, declared), {
    a: { type: 'float16', data: Uint16Array.of(0x3c00, 0xc000), dims },
    b: { type: 'uint8', data: Uint8Array.of(1, 2), dims },
    c: { type: 'int64', data: BigInt64Array.of(1n, 2n), dims },
    e: { type: 'float32', data: Float32Array.of(3, 4), dims },
  });
  t.equal(rawInputsOf(inputs, [])['a']?.data, inputs.a.data, 'not copied');
  t.end();
});
