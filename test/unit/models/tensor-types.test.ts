/** Element types and their arrays. */
import { test } from 'tap';
import { bytesPerValue, isNumeric, sizeOf, toFloat32, viewOf } from '../../../src/models/tensor-types.ts';

test('knows the numeric types', (t) => {
  t.same(['float32', 'float16', 'bool', 'int64', 'string', 'int4', 'toString'].map(isNumeric), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  t.same((['float64', 'float16', 'bool', 'int64'] as const).map(bytesPerValue), [8, 2, 1, 8]);
  t.end();
});

test('views memory as values', (t) => {
  const memory = new SharedArrayBuffer(16);
  viewOf('int32', memory, 4, 2).set([7, 8] as never);
  t.same(viewOf('int32', memory, 0, 4), Int32Array.of(0, 7, 8, 0));
  t.throws(() => viewOf('float32', memory, 2, 1), RangeError);
  t.end();
});

test('the size of a tensor', (t) => {
  t.same([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0])], [1, 6, 0]);
  t.end();
});

test('converts to float32', (t) => {
  const floats = Float32Array.of(1.5);
  t.equal(toFloat32('float32', floats), floats, 'not copied');
  t.same(toFloat32('float16', Uint16Array.of(0x3c00, 0xc000)), Float32Array.of(1, -2));
  t.same(toFloat32('uint16', Uint16Array.of(0x3c00)), Float32Array.of(0x3c00));
  t.same(toFloat32('int64', BigInt64Array.of(-3n)), Float32Array.of(-3));
  t.same(toFloat32('bool', Uint8Array.of(0, 1)), Float32Array.of(0, 1));
  t.end();
});
