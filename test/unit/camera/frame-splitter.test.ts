/** Frames do not depend on chunk boundaries; malformed input is an error, and memory stays bounded. */
import fc from 'fast-check';
import { test } from 'tap';
import {
  FrameSplitter,
  type ReadHeader,
  readPartHeader,
  readPpmHeader,
  SplitError,
  writePart,
} from '../../../src/camera/frame-splitter.ts';

/** Cuts a stream at the given positions, which may be repeated. */
function chunksOf(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

function split(readHeader: ReadHeader, chunks: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  const splitter = new FrameSplitter(readHeader, (_, body) => frames.push(body));
  for (const chunk of chunks) splitter.push(chunk);
  return frames;
}

const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
const cuts = fc.array(fc.nat(), { maxLength: 20 });

/** Like ffmpeg's mpjpeg: an initial boundary, then each part followed by one. */
function multipart(parts: readonly Uint8Array[]): Buffer {
  const pieces = parts.flatMap((part) => [
    Buffer.from(`Content-type: image/jpeg\r\nContent-length: ${part.length}\r\n\r\n`),
    Buffer.from(part),
    Buffer.from('\r\n--ffmpeg\r\n'),
  ]);
  return Buffer.concat([Buffer.from('--ffmpeg\r\n'), ...pieces]);
}

test("the bridge's own parts are parsed, in any chunks", async (t) => {
  fc.assert(
    fc.property(bodies, cuts, (parts, places) => {
      const stream = Buffer.concat(parts.map((part) => writePart(Buffer.from(part))));
      t.strictSame(split(readPartHeader, chunksOf(stream, places)), parts.map(Buffer.from));
      return true;
    }),
  );
});

test('any chunking of parts gives the same frames', async (t) => {
  fc.assert(
    fc.property(bodies, cuts, (parts, places) => {
      const frames = split(readPartHeader, chunksOf(multipart(parts), places));
      t.strictSame(
        frames.map((frame) => [...frame]),
        parts.map((part) => [...part]),
      );
      return frames.length === parts.length;
    }),
  );
});

test('a frame may contain the boundary and an empty line', async (t) => {
  const part = Buffer.from('\r\n\r\n--ffmpeg\r\nContent-length: 3\r\n\r\nabc');
  t.strictSame(split(readPartHeader, [multipart([part, part])]), [part, part]);
});

test('any chunking of PPM images gives the same images, with their sizes', async (t) => {
  const size = fc.record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(size, { maxLength: 6 }), cuts, fc.nat(255), (sizes, places, value) => {
      const images = sizes.map(({ width, height }) => Buffer.alloc(3 * width * height, value));
      const stream = Buffer.concat(
        sizes.flatMap(({ width, height }, index) => [
          Buffer.from(`P6\n${width} ${height}\n255\n`),
          images[index] as Buffer,
        ]),
      );
      const seen: unknown[] = [];
      const splitter = new FrameSplitter(readPpmHeader, (head, body) => seen.push({ ...head.size, body }));
      for (const chunk of chunksOf(stream, places)) splitter.push(chunk);
      t.strictSame(
        seen,
        sizes.map((each, index) => ({ ...each, body: images[index] })),
      );
      return true;
    }),
  );
});

for (const [what, readHeader, text] of [
  ['a part without a length', readPartHeader, '--x\r\nContent-type: image/jpeg\r\n\r\n'],
  ['a header without an end', readPartHeader, 'x'.repeat(600)],
  ['a part that is too long', readPartHeader, 'Content-length: 33554433\r\n\r\n'],
  ['a part of absurd length', readPartHeader, `Content-length: ${'9'.repeat(400)}\r\n\r\n`],
  ['text instead of an image', readPpmHeader, 'hello'],
  ['an image that is too large', readPpmHeader, 'P6\n99999 99999\n255\n'],
  ['an image with 16 bits per channel', readPpmHeader, `P6\n2 2\n65535\n${' '.repeat(600)}`],
] as const) {
  test(`${what} is an error`, async (t) => {
    t.throws(() => split(readHeader, [Buffer.from(text)]), { name: 'SplitError' });
  });
}

test('random bytes cause an error or wait for more', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000 }),
      fc.constantFrom(readPartHeader, readPpmHeader),
      (bytes, readHeader) => {
        try {
          split(readHeader, [Buffer.from(bytes)]);
        } catch (error) {
          return error instanceof SplitError;
        }
        return true;
      },
    ),
  );
});
