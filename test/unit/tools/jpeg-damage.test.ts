/** Damaged and rare files decode to the same image as with libjpeg, with a warning; almost empty files are rejected with the reason. */
import { test } from 'tap';
import { JpegDecoder } from '../../../src/tools/jpeg-decoder.ts';
import { encodeGradient, eoi, insertAfterSoi, segment } from '../../support/jpeg-bytes.ts';
import { encodeMosaic, type Sampling } from '../../support/mosaic-jpeg.ts';

const decoder = await JpegDecoder.create();

/** Sample of a mosaic's component: adjacent blocks differ and none is mid-gray. */
function sample(component: number, column: number, row: number): number {
  return component === 0 ? 40 + ((column * 7 + row * 31) % 60) : 100 + component * 20;
}

function mosaicOf(sampling: readonly Sampling[], restartInterval?: number): Uint8Array {
  return encodeMosaic({ width: 96, height: 96, sampling, sample, ...(restartInterval ? { restartInterval } : {}) });
}

const grayMosaic = mosaicOf([[1, 1]], 12);

/** Gray level at the center of a block. */
function levelOf(image: { data: Uint8Array; width: number }, column: number, row: number): number {
  return image.data[((row * 8 + 4) * image.width + column * 8 + 4) * 3] as number;
}

test('ignores any bytes after EOI', async (t) => {
  const tails = {
    'a line end': Buffer.from('\r\n'),
    'a vendor’s tail': Buffer.from('dhav\x01\x02\x03\x04'),
    zeros: Buffer.alloc(4096),
    'a second image': encodeGradient(16, 16),
    'a film': Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42'), Buffer.alloc(100_000, 0xff)]),
  };
  for (const [what, tail] of Object.entries(tails)) {
    const { image, warnings } = await decoder.decode(Uint8Array.from([...grayMosaic, ...tail]));
    t.same([image.width, image.height, warnings], [96, 96, []], what);
    t.equal(levelOf(image, 11, 11), sample(0, 11, 11), what);
  }
});

test('skips stray bytes between segments with a warning', async (t) => {
  const { image, warnings } = await decoder.decode(insertAfterSoi(grayMosaic, [...segment(0xfe, []), 1, 2, 3]));
  t.equal(levelOf(image, 5, 5), sample(0, 5, 5));
  t.match(warnings, [/^libjpeg: Corrupt JPEG data: 3 extraneous bytes before marker/]);
});

test('accepts fill bytes and hundreds of empty segments without a warning', async (t) => {
  const segments = Array.from({ length: 300 }, () => segment(0xfe, [0xff, 0xda])).flat();
  const { image, warnings } = await decoder.decode(
    insertAfterSoi(grayMosaic, [0xff, 0xff, 0xff, 0xe1, 0, 0, ...segments]),
  );
  t.equal(levelOf(image, 5, 5), sample(0, 5, 5));
  t.same(warnings, []);
});

/** Offset of the marker RST`number`. */
function restartAt(jpeg: Uint8Array, number: number): number {
  return jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xd0 + number);
}

test('skips bytes before a restart marker with a warning', async (t) => {
  const at = restartAt(grayMosaic, 2);
  const { image, warnings } = await decoder.decode(
    Uint8Array.from([...grayMosaic.subarray(0, at), ...Array<number>(40).fill(1), ...grayMosaic.subarray(at)]),
  );
  for (let row = 0; row < 12; row++) t.equal(levelOf(image, 6, row), sample(0, 6, row), `row ${row}`);
  t.match(warnings, [/^libjpeg: Corrupt JPEG data: \d+ extraneous bytes/]);
});

test('decodes the rest of the image after a lost restart marker', async (t) => {
  const at = restartAt(grayMosaic, 2);
  const { image, warnings } = await decoder.decode(
    Uint8Array.from([...grayMosaic.subarray(0, at), ...grayMosaic.subarray(at + 2)]),
  );
  for (const row of [0, 1, 2, 6, 9, 11]) t.equal(levelOf(image, 6, row), sample(0, 6, row), `row ${row}`);
  t.match(warnings[0], /^libjpeg: Corrupt JPEG data/);
});

test('decodes a truncated file with EOI as far as possible', async (t) => {
  const at = restartAt(grayMosaic, 6);
  const { image, warnings } = await decoder.decode(Uint8Array.from([...grayMosaic.subarray(0, at), ...eoi]));
  t.equal(levelOf(image, 6, 6), sample(0, 6, 6));
  t.equal(levelOf(image, 6, 11), 128, 'the rest is mid-gray');
  t.match(warnings, [/^libjpeg: Corrupt JPEG data/, '42% of the image is missing']);
});

test('rejects a file with almost no image data', async (t) => {
  const scan = grayMosaic.findIndex((byte, at) => byte === 0xff && grayMosaic[at + 1] === 0xda);
  const cut = Uint8Array.from([...grayMosaic.subarray(0, scan + 10), ...eoi]);
  await t.rejects(decoder.decode(cut), {
    code: 'invalid_frame',
    detail: /^Not a valid JPEG image: almost all of the image is missing: libjpeg: Corrupt JPEG data/,
  });
});

test('decodes every chroma subsampling that libjpeg supports', async (t) => {
  const half: Sampling = [1, 1];
  const samplings: Record<string, Sampling[]> = {
    '4:1:0': [[4, 2], half, half],
    '3x1': [[3, 1], half, half],
    '2x4': [[2, 4], half, half],
    '4x1 with 2x1': [
      [4, 1],
      [2, 1],
      [2, 1],
    ],
    'more color than light': [half, [2, 1], [2, 1]],
    'one color finer than the other': [[2, 2], [2, 1], half],
  };
  for (const [name, sampling] of Object.entries(samplings)) {
    const { image, warnings } = await decoder.decode(mosaicOf(sampling));
    t.same([image.width, image.height, warnings], [96, 96, []], name);
    const [[h, v] = half] = sampling;
    const across = 12 / (Math.max(...sampling.map(([each]) => each)) / h);
    const down = 12 / (Math.max(...sampling.map(([, each]) => each)) / v);
    for (const [x, y] of [
      [4, 4],
      [44, 20],
      [84, 84],
    ] as const) {
      const light = sample(0, Math.floor((x * across) / 96), Math.floor((y * down) / 96));
      const [red = 0, green = 0, blue = 0] = image.data.subarray((y * 96 + x) * 3, (y * 96 + x) * 3 + 3);
      const seen = 0.299 * red + 0.587 * green + 0.114 * blue;
      t.ok(Math.abs(seen - light) <= 3, `${name}: ${seen.toFixed(1)} at ${x},${y}, expected ${light}`);
    }
  }
});

test('rejects a sampling that libjpeg rejects, with its message', async (t) => {
  const fractional = mosaicOf([
    [3, 1],
    [2, 1],
    [2, 1],
  ]);
  await t.rejects(decoder.decode(fractional), { code: 'invalid_frame', detail: /: libjpeg: Fractional sampling/ });
});

test('a damaged file does not affect the decoder', async (t) => {
  const at = restartAt(grayMosaic, 2);
  const cut = Uint8Array.from([...grayMosaic.subarray(0, at), ...eoi]);
  const plain = encodeGradient(64, 48);
  const before = (await decoder.decode(plain)).image.data.slice();
  await decoder.decode(cut);
  t.same((await decoder.decode(plain)).image.data, before);
});
