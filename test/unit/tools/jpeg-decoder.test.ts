/** Both decoders return the same pixels, and an undecodable file is an invalid frame. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { FrameError } from '../../../src/errors.ts';
import type { Image } from '../../../src/models/image.ts';
import { JpegDecoder } from '../../../src/tools/jpeg-decoder.ts';
import { appendZeros, encodeGradient, eoi, headerOnly, manyScans, sof2 } from '../../support/jpeg-bytes.ts';

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`../../fixtures/jpeg/${name}.jpg`, import.meta.url));
}

/** The image's samples without the rest of its buffer. */
function samplesOf(image: Image): Uint8Array {
  return image.data.slice(0, image.width * image.height * image.channels);
}

/** Maximum and mean difference between two images, in gray levels. */
function differenceOf(a: Uint8Array, b: Uint8Array): { largest: number; mean: number } {
  const differences = [...a].map((value, at) => Math.abs(value - (b[at] as number)));
  return {
    largest: Math.max(...differences),
    mean: differences.reduce((sum, value) => sum + value, 0) / differences.length,
  };
}

function pixel(image: Image, x: number, y: number): number[] {
  const at = (y * image.width + x) * 3;
  return [...image.data.subarray(at, at + 3)];
}

async function imageOf(decoder: JpegDecoder, jpeg: Uint8Array): Promise<Image> {
  return (await decoder.decode(jpeg)).image;
}

const turbo = await JpegDecoder.create();
const portable = JpegDecoder.portable();

test('decoders expose their engine', async (t) => {
  t.equal(turbo.engine, 'jpeg-turbo');
  t.equal(portable.engine, 'jpeg-js');
});

test('images without chroma subsampling match within rounding', async (t) => {
  for (const jpeg of [fixture('full-color'), fixture('progressive'), encodeGradient(64, 48), encodeGradient(17, 9)]) {
    const fast = await imageOf(turbo, jpeg);
    const plain = await imageOf(portable, jpeg);
    t.same([fast.width, fast.height, fast.channels], [plain.width, plain.height, plain.channels]);
    const { largest, mean } = differenceOf(samplesOf(fast), samplesOf(plain));
    t.ok(largest <= 4 && mean <= 1.5, `largest ${largest}, mean ${mean}`);
  }
});

test('images with chroma subsampling match except for the chroma upsampling', async (t) => {
  const { largest, mean } = differenceOf(
    samplesOf(await imageOf(turbo, fixture('half-color'))),
    samplesOf(await imageOf(portable, fixture('half-color'))),
  );
  t.ok(largest <= 16 && mean <= 4, `largest ${largest}, mean ${mean}`);
});

test('samples are in RGB order', async (t) => {
  for (const decoder of [turbo, portable]) {
    const image = await imageOf(decoder, fixture('full-color'));
    const [red, green, blue] = pixel(image, 0, 31);
    t.ok((red as number) > 240 && (green as number) < 15 && Math.abs((blue as number) - 128) < 5, decoder.engine);
  }
});

test('decodes a grayscale file to RGB', async (t) => {
  for (const decoder of [turbo, portable]) {
    const image = await imageOf(decoder, fixture('gray'));
    t.equal(image.channels, 3);
    for (const [x, y, gray] of [
      [0, 0, 8],
      [12, 8, 136],
      [23, 15, 247],
    ] as const) {
      for (const value of pixel(image, x, y)) t.ok(Math.abs(value - gray) <= 1, `${value}, expected ${gray}`);
    }
  }
});

test('ignores zeros after the file', async (t) => {
  for (const decoder of [turbo, portable]) {
    const plain = samplesOf(await imageOf(decoder, encodeGradient(16, 16)));
    t.same(samplesOf(await imageOf(decoder, appendZeros(encodeGradient(16, 16), 4096))), plain, decoder.engine);
  }
});

test('reads from shared memory and from the middle of a buffer', async (t) => {
  const jpeg = encodeGradient(32, 24);
  const shared = new Uint8Array(new SharedArrayBuffer(jpeg.length + 200)).fill(0xff);
  shared.set(jpeg, 100);
  const inside = shared.subarray(100, 100 + jpeg.length);
  for (const decoder of [turbo, portable]) {
    t.same(samplesOf(await imageOf(decoder, inside)), samplesOf(await imageOf(decoder, jpeg)), decoder.engine);
  }
});

test('reuses the buffer for images that fit', async (t) => {
  const decoder = await JpegDecoder.create();
  const large = await imageOf(decoder, encodeGradient(64, 48));
  const small = await imageOf(decoder, encodeGradient(16, 16));
  t.equal(small.data, large.data);
  t.same([small.width, small.height], [16, 16]);
  t.equal((await imageOf(decoder, encodeGradient(64, 48))).data, large.data);
  t.not((await imageOf(decoder, encodeGradient(65, 48))).data, large.data);
});

async function assertInvalid(jpeg: Uint8Array, decoder: JpegDecoder): Promise<void> {
  try {
    await imageOf(decoder, jpeg);
  } catch (error) {
    if (error instanceof FrameError && error.code === 'invalid_frame') return;
    throw error;
  }
  throw new Error(`${decoder.engine} decoded it`);
}

test('a file with a truncated header is an invalid frame', async (t) => {
  const jpeg = encodeGradient(32, 24);
  for (const decoder of [turbo, portable]) {
    for (const part of [0, 0.1, 0.3]) {
      const cut = jpeg.subarray(0, Math.floor(jpeg.length * part));
      await t.resolves(assertInvalid(Uint8Array.from([...cut, ...eoi]), decoder), `${decoder.engine}, ${part}`);
      await t.resolves(assertInvalid(cut, decoder), `${decoder.engine}, ${part}, without EOI`);
    }
  }
});

test('a header without image data is an invalid frame', async (t) => {
  for (const decoder of [turbo, portable]) {
    await t.resolves(assertInvalid(headerOnly({ width: 8, height: 8 }), decoder));
    await t.resolves(assertInvalid(headerOnly({ width: 0, height: 8 }), decoder));
    await t.resolves(assertInvalid(new Uint8Array(0), decoder));
  }
});

test('rejects a progressive file with thousands of scans before decoding it', async (t) => {
  for (const count of [65, 5000]) {
    const bomb = manyScans({ width: 4096, height: 4096, code: sof2 }, count);
    await t.rejects(turbo.decode(bomb), { code: 'invalid_frame', cause: undefined });
  }
});

test('a large image may have fewer scans than a small one', async (t) => {
  const reasonOf = (side: number, count: number) =>
    turbo.decode(manyScans({ width: side, height: side, code: sof2 }, count)).then(
      () => 'decoded',
      (error: FrameError) => error.detail,
    );
  t.match(await reasonOf(4096, 13), /more than 12 scans$/);
  t.notMatch(await reasonOf(4096, 12), /more than/);
  t.match(await reasonOf(64, 65), /more than 64 scans$/);
  t.notMatch(await reasonOf(64, 64), /more than/);
});

test('any changed byte leads to an image or an invalid frame', async (t) => {
  const jpeg = encodeGradient(16, 16);
  for (let at = 0; at < jpeg.length; at++) {
    const changed = jpeg.slice();
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    // A changed size may need hundreds of megabytes; the frame validator rejects it earlier.
    if (at >= sizeOffset(jpeg) && at < sizeOffset(jpeg) + 4) continue;
    try {
      t.ok((await imageOf(turbo, changed)).width > 0);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      t.equal(error.code, 'invalid_frame');
    }
  }
});

/** Offset of the height and width in SOF0. */
function sizeOffset(jpeg: Uint8Array): number {
  return jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0) + 5;
}

test('decodes the next file after an undecodable one', async (t) => {
  for (const decoder of [turbo, portable]) {
    await assertInvalid(headerOnly({ width: 8, height: 8 }), decoder);
    t.equal((await imageOf(decoder, encodeGradient(16, 16))).width, 16);
  }
});
