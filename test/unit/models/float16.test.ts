/** Halves become float32 exactly, and float32 the nearest halves. */
import { test } from 'tap';
import { toHalves, toSingles } from '../../../src/models/float16.ts';

const known: [half: number, single: number][] = [
  [0x0000, 0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65_504],
  [0x0400, 2 ** -14],
  [0x0001, 2 ** -24],
  [0x83ff, -1023 * 2 ** -24],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
];

test('known halves are converted both ways', async (t) => {
  t.same(
    [...toSingles(Uint16Array.from(known, ([half]) => half))],
    known.map(([, single]) => single),
  );
  t.same(
    [...toHalves(Float32Array.from(known, ([, single]) => single))],
    known.map(([half]) => half),
  );
});

test('every half survives the way there and back', async (t) => {
  const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
    (bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0,
  );
  t.same(toHalves(toSingles(all)), all);
});

test('values between two halves go to the nearer, and from the middle to the even one', async (t) => {
  const step = 2 ** -10;
  const values = [1 + 0.49 * step, 1 + 0.51 * step, 1 + 0.5 * step, 1 + 1.5 * step, 2 - 0.25 * step];
  t.same([...toHalves(Float32Array.from(values))], [0x3c00, 0x3c01, 0x3c00, 0x3c02, 0x4000]);
  const tiny = 2 ** -24;
  t.same([...toHalves(Float32Array.of(0.5 * tiny, 1.5 * tiny, 0.6 * tiny, 1023.5 * tiny))], [0, 2, 1, 0x400]);
});

test('what is too large is infinite, and what is no number stays none', async (t) => {
  t.same([...toHalves(Float32Array.of(65_519, 65_520, -1e9))], [0x7bff, 0x7c00, 0xfc00]);
  t.ok(Number.isNaN(toSingles(toHalves(Float32Array.of(Number.NaN)))[0]));
});

test('a part of a larger buffer is converted alone', async (t) => {
  t.same([...toHalves(Float32Array.of(9, 1, 9).subarray(1, 2))], [0x3c00]);
});
