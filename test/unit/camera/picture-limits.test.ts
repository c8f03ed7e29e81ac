/** 8K is decoded, what a gateway would refuse is not passed on, and the limit is told with the picture's size. */
import { test } from 'tap';
import { mayBeCopied, refusalOfSize } from '../../../src/camera/picture-limits.ts';

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
    t.equal(mayBeCopied({ width, height }), isCopied);
    const words = `its pictures are too large: ${width}x${height}, more than 50,331,648 pixels`;
    t.equal(refusalOfSize({ width, height }), isDecoded ? undefined : words);
  });
}

test('where the size is not known, ffmpeg finds out', async (t) => {
  t.equal(mayBeCopied(undefined), true);
  t.equal(refusalOfSize(undefined), undefined);
});
