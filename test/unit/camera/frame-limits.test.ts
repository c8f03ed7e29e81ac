/** 8K is decoded, frames that a gateway would reject are not passed through, and the error includes the size. */
import { test } from 'tap';
import { canPassThrough, sizeError } from '../../../src/camera/frame-limits.ts';

for (const [width, height, isDecoded, passesThrough] of [
  [4096, 4096, true, true],
  [4097, 4096, true, false],
  [7680, 4320, true, false],
  [8192, 4608, true, false],
  [8192, 6144, true, false],
  [8192, 6145, false, false],
  [65_535, 65_535, false, false],
] as const) {
  test(`${width}x${height} is ${isDecoded ? '' : 'not '}decoded, and ${passesThrough ? '' : 'not '}passed through`, async (t) => {
    t.equal(canPassThrough({ width, height }), passesThrough);
    const reason = `frames are too large: ${width}x${height}, more than 50,331,648 pixels`;
    t.equal(sizeError({ width, height }), isDecoded ? undefined : reason);
  });
}

test('an unknown size is left to ffmpeg', async (t) => {
  t.equal(canPassThrough(undefined), true);
  t.equal(sizeError(undefined), undefined);
});
