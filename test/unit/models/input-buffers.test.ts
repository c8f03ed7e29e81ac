/** Buffers are reused, and have the type that the model declares. */
import { test } from 'tap';
import { InputBuffers } from '../../../src/models/input-buffers.ts';

test('a buffer has the declared type, and that of float32 for halves and unknown inputs', (t) => {
  const names = ['float32', 'uint8', 'int64', 'float16'];
  const buffers = new InputBuffers(names.map((type) => ({ name: type, type, dims: [] })));
  const types = [...names, 'other'].map((name) => buffers.allocate(name, [2, 2]).data.constructor.name);
  t.same(types, ['Float32Array', 'Uint8Array', 'BigInt64Array', 'Float32Array', 'Float32Array']);
  t.end();
});

test('a buffer grows, and is reused for smaller tensors', (t) => {
  const buffers = new InputBuffers([]);
  const large = buffers.allocate('x', [2, 3]);
  const small = buffers.allocate('x', [1, 3]);
  t.equal(small.data.buffer, large.data.buffer);
  t.same([small.data.length, small.dims], [3, [1, 3]]);
  t.not(buffers.allocate('x', [7]).data.buffer, large.data.buffer);
  t.not(buffers.allocate('y', [7]).data.buffer, buffers.allocate('x', [7]).data.buffer);
  t.end();
});
