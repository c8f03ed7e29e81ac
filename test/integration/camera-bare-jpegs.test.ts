/** JPEGs over HTTP without timestamps and, from some cameras, without headers: played immediately, at the requested rate. */
import { test } from 'tap';
import { readJpegHeader } from '../../src/jpeg/header.ts';
import { eventually, recordFrames, runCamera, showFrames, noFfmpegReason as skip } from '../support/camera-run.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { numberedFrame, readNumber } from '../support/numbered-frames.ts';

const fps = 10;
/** Less than ffmpeg would probe by default before it recognizes the format. */
const maxShownBytes = 300_000;
const frames = Array.from({ length: 300 }, (_, number) => numberedFrame(number));

test('bare JPEGs are played immediately, unchanged', { skip }, async (t) => {
  const few = frames.slice(0, Math.floor(maxShownBytes / (frames[0] as Buffer).length));
  const camera = await startMjpegCamera(t, { isBare: true });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('a viewer', () => camera.viewers.size > 0);
  showFrames(t, few, fps, camera.show);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'copy' });
  await eventually('frames', () => gateway.frames.length >= 5);
  for (const { bytes } of gateway.frames) {
    t.equal(Buffer.compare(bytes, frames[readNumber(bytes) as number] as Buffer), 0);
  }
});

for (const isBare of [true, false]) {
  test(`${isBare ? 'bare JPEGs' : 'multipart JPEGs'} are scaled down at the requested rate`, { skip }, async (t) => {
    const camera = await startMjpegCamera(t, { isBare });
    showFrames(t, frames, fps, camera.show);
    const gateway = await recordFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url, '--width', '320', '--fps', '2']);
    await eventually('frames', () => gateway.frames.length >= 6);
    t.match(await run.until(({ state }) => state === 'live'), { mode: 'pictures' });
    for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 320, height: 240 } });
    const numbers = gateway.frames.map(({ bytes }) => readNumber(bytes) as number);
    const steps = numbers.slice(1).map((number, index) => number - (numbers[index] as number));
    const median = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] as number;
    t.ok(median > 2 && median < 9, `of ten frames a second every fifth is sent: ${numbers}`);
  });
}

test('multipart parts with a type unknown to ffmpeg are played as JPEGs', { skip }, async (t) => {
  const camera = await startMjpegCamera(t, { partType: 'image/jpg' });
  showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 5);
  for (const { bytes } of gateway.frames) t.ok(frames.some((frame) => frame.equals(bytes)));
  t.notOk(run.lines.some(({ state }) => state === 'waiting'));
});

test('one JPEG without a type is a snapshot', { skip }, async (t) => {
  const camera = await startMjpegCamera(t, {
    answer: (response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(frames[3]);
      return true;
    },
  });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--fps', '10']);
  await eventually('frames', () => gateway.frames.length >= 3);
  t.notOk(run.lines.some(({ state }) => state === 'waiting'));
});
