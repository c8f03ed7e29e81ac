/** 8K is decoded, what a gateway would refuse is not passed on, and the limit is told with the picture's size. */
import { test } from 'tap';
import { canPassThrough, sizeError } from '../../../src/camera/frame-limits.ts';

for (const [width, height, isDecoded, isCopied] of [
  [4096, 4096, true, true],
  [4097, 4096, true, false],
  [7680, 4320, true, false],
  [8192, 4608, true, false],
  [8192, 6144, true, false],
  [8192, 6145, false, false],
  [65_535, 65_535, false, false],
] as const) {
  test(`${width}x${height} is ${isDecoded ? '' : 'not '}decoded, and ${isCopied ? '' : 'not '}passed on`, async (t) => {
    t.equal(canPassThrough({ width, height }), isCopied);
    const reason = `frames are too large: ${width}x${height}, more than 50,331,648 pixels`;
    t.equal(sizeError({ width, height }), isDecoded ? undefined : reason);
  });
}

test('where the size is not known, ffmpeg finds out', async (t) => {
  t.equal(canPassThrough(undefined), true);
  t.equal(sizeError(undefined), undefined);
});
