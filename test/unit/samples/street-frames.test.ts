/** The load harness sends real JPEG files with the documented dimensions and file size. */
import { test } from 'tap';
import { openPipeline } from '../../../bench/open-pipeline.ts';
import { readJpegHeader } from '../../../src/jpeg/header.ts';
import { renderFrames } from '../../../src/samples/street-frames.ts';
import { JpegDecoder } from '../../../src/tools/jpeg-decoder.ts';

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
