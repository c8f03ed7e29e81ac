/** A camera that sends nothing but broken pictures is told with what came, through a real ffmpeg. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { keepFrames, runCamera, showFrames, noFfmpegReason as skip } from '../support/camera-run.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { numberedFrame } from '../support/numbered-frames.ts';

const withoutEnd = Array.from({ length: 300 }, (_, number) => numberedFrame(number).subarray(0, -2));
const fps = 15;

test('silence is told with how many pictures came and what is wrong with them', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, withoutEnd, fps, camera.show);
  const gateway = await keepFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--silence', '1']);
  const waiting = await run.until(({ state }) => state === 'waiting');
  t.match(waiting, { detail: /^no picture for 2 s: \d+ pictures came, none a whole JPEG: no EOI$/ });
  t.equal(gateway.frames.length, 0);
});

test('so is an end', { skip }, async (t) => {
  const clip = join(t.testdir(), 'clip.mjpeg');
  writeFileSync(clip, Buffer.concat(withoutEnd.slice(0, 3)));
  const gateway = await keepFrames(t);
  const run = runCamera(t, [clip, '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.lines.at(-1), {
    failed: true,
    broken: 3,
    detail: 'the stream ended: 3 pictures came, none a whole JPEG: no EOI',
  });
});
