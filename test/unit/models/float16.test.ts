/** Halves convert to float32 exactly, and float32 to the nearest halves. */
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

test('converts known halves both ways', async (t) => {
  t.same(
    [...toSingles(Uint16Array.from(known, ([half]) => half))],
    known.map(([, single]) => single),
  );
  t.same(
    [...toHalves(Float32Array.from(known, ([, single]) => single))],
    known.map(([half]) => half),
  );
});

test('every half survives a round trip', async (t) => {
  const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
    (bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0,
  );
  t.same(toHalves(toSingles(all)), all);
});

test('rounds to the nearest half, ties to even', async (t) => {
  const step = 2 ** -10;
  const values = [1 + 0.49 * step, 1 + 0.51 * step, 1 + 0.5 * step, 1 + 1.5 * step, 2 - 0.25 * step];
  t.same([...toHalves(Float32Array.from(values))], [0x3c00, 0x3c01, 0x3c00, 0x3c02, 0x4000]);
  const tiny = 2 ** -24;
  t.same([...toHalves(Float32Array.of(0.5 * tiny, 1.5 * tiny, 0.6 * tiny, 1023.5 * tiny))], [0, 2, 1, 0x400]);
});

test('converts values that are too large to infinity and keeps NaN', async (t) => {
  t.same([...toHalves(Float32Array.of(65_519, 65_520, -1e9))], [0x7bff, 0x7c00, 0xfc00]);
  t.ok(Number.isNaN(toSingles(toHalves(Float32Array.of(Number.NaN)))[0]));
});

test('converts a view of a larger buffer', async (t) => {
  t.same([...toHalves(Float32Array.of(9, 1, 9).subarray(1, 2))], [0x3c00]);
});
