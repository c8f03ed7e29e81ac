/** The rendered frames, and their copies in the package, which `framegate bench` and `framegate send --sample` send. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { openPipeline } from '../../../../bench/open-pipeline.ts';
import { jpegFilesAt } from '../../../../src/cli/jpeg-files.ts';
import { sampleFramesFolder } from '../../../../src/cli/sample-frames.ts';
import { readJpegHeader } from '../../../../src/jpeg/header.ts';
import type { Image } from '../../../../src/models/image.ts';
import { JpegDecoder } from '../../../../src/tools/jpeg-decoder.ts';
import { plateTexts, renderFrames } from '../../../support/samples/street-frames.ts';

test('renders eight different 640x480 frames of about 50 KB each, the same in every run', async (t) => {
  const frames = renderFrames();
  const decoder = await JpegDecoder.create();
  t.equal(frames.length, 8);
  for (const frame of frames) {
    t.match(readJpegHeader(frame), { header: { width: 640, height: 480, components: 3 } });
    t.match((await decoder.decode(frame)).image, { width: 640, height: 480 });
    t.ok(frame.length > 30_000 && frame.length < 70_000, `${frame.length} bytes`);
  }
  t.equal(new Set(frames.map((frame) => Buffer.from(frame).toString('base64'))).size, 8);
  t.strictSame(renderFrames(), frames);
});

/** Mean difference of two images, in levels of 255. */
function meanDifference(one: Image, other: Image): number {
  const length = one.width * one.height * one.channels;
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.abs((one.data[i] ?? 0) - (other.data[i] ?? 0));
  return sum / length;
}

test('the files of the package show the rendered frames; if not, run `npm run sample-frames`', async (t) => {
  const folder = sampleFramesFolder();
  t.strictSame(jpegFilesAt(folder), plateTexts.map((text) => join(folder, `${text}.jpg`)).sort());
  // Another encoder or decoder changes pixels a little; another scene changes them a lot. Decoders reuse their buffer.
  const [shipped, rendered] = [await JpegDecoder.create(), await JpegDecoder.create()];
  const frames = renderFrames();
  const other = (await rendered.decode(frames.at(-1) as Uint8Array)).image;
  const first = (await shipped.decode(readFileSync(join(folder, `${plateTexts[0]}.jpg`)))).image;
  t.ok(meanDifference(first, other) > 10);
  for (const [index, frame] of frames.entries()) {
    const file = join(folder, `${plateTexts[index]}.jpg`);
    const difference = meanDifference(
      (await shipped.decode(readFileSync(file))).image,
      (await rendered.decode(frame)).image,
    );
    t.ok(difference < 2, `${file}: ${difference}`);
  }
});

test('frames of another size show the same scene scaled, and the pipeline detects it', async (t) => {
  const frame = renderFrames({ width: 320, height: 240 })[0] as Uint8Array;
  t.match(readJpegHeader(frame), { header: { width: 320, height: 240 } });
  const service = await openPipeline('yolo_ocr');
  t.teardown(() => service.close());
  const { result } = await service.runOnFrame('yolo_ocr', 0, frame);
  t.match(result, { width: 320, height: 240, detections: [{ label: 'plate', text: 'AB123CD' }] });
  const { x = 0, y = 0, w = 0 } = result.detections?.[0] ?? {};
  t.ok(Math.abs(x - 60) < 5 && Math.abs(y - 145) < 5 && Math.abs(w - 75) < 10, `${x}, ${y}, ${w}`);
});
