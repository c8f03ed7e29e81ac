/** The frames that the load harness sends are real JPEG of the size and weight that it claims. */
import { test } from 'tap';
import { readJpegHeader } from '../../../src/jpeg-header.ts';
import { renderFrames } from '../../../src/samples/street-frames.ts';
import { JpegDecoder } from '../../../src/tools/jpeg-decoder.ts';

test('eight different frames of 640x480, about 50 KB each, the same in every run', async (t) => {
  const frames = renderFrames();
  const decoder = await JpegDecoder.create();
  t.equal(frames.length, 8);
  for (const frame of frames) {
    t.match(readJpegHeader(frame), { width: 640, height: 480, components: 3 });
    t.match(decoder.decode(frame), { width: 640, height: 480 });
    t.ok(frame.length > 30_000 && frame.length < 70_000, `${frame.length} bytes`);
  }
  t.equal(new Set(frames.map((frame) => Buffer.from(frame).toString('base64'))).size, 8);
  t.strictSame(renderFrames(), frames);
});
