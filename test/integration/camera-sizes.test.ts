/** Frames that are too large for a gateway or wider than `--width` are scaled down, for every kind of source. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { readJpegHeader } from '../../src/jpeg/header.ts';
import { eventually, recordFrames, runCamera, showFrames, noFfmpegReason as skip } from '../support/camera-run.ts';
import { numberedFrame } from '../support/numbered-frames.ts';
import { noRtspReason, startRtspCamera } from '../support/rtsp-camera.ts';
import { startSnapshotCamera } from '../support/snapshot-camera.ts';

/** Three frames of one color: large for a decoder, small on disk. */
function paintVideo(t: Test, name: string, size: string, ...codec: readonly string[]): string {
  const path = join(t.testdir(), name);
  const input = ['-v', 'error', '-f', 'lavfi', '-i', `color=s=${size}:r=5:d=0.6`];
  execFileSync('ffmpeg', [...input, '-frames:v', '3', '-c:v', ...codec, path]);
  return path;
}

const h264 = ['libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const noH264 = skip || (hasEncoder('libx264') ? false : 'needs an ffmpeg with libx264');

function hasEncoder(name: string): boolean {
  return execFileSync('ffmpeg', ['-hide_banner', '-encoders']).includes(` ${name} `);
}

for (const [what, name, codec, reason] of [
  ['H.264', 'clip.mp4', h264, noH264],
  ['MJPEG', 'clip.avi', ['mjpeg'], skip],
] as const) {
  for (const size of ['7680x4320', '8192x4608']) {
    test(`${what} of ${size} is scaled down`, { skip: reason }, async (t) => {
      const gateway = await recordFrames(t);
      const run = runCamera(t, [paintVideo(t, name, size, ...codec), '--url', gateway.url]);
      t.equal(await run.ended(), 0);
      t.ok(gateway.frames.length > 0);
      for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 1920, height: 1080 } });
    });
  }
}

test('an 8K snapshot is scaled down', { skip }, async (t) => {
  const jpeg = readFileSync(paintVideo(t, 'clip.mjpeg', '8192x4608', 'mjpeg', '-frames:v', '1'));
  const camera = await startSnapshotCamera(t, { image: () => jpeg });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 2);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'pictures' });
  for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 1920, height: 1080 } });
});

test('frames larger than 8K are rejected with their size', { skip }, async (t) => {
  const gateway = await recordFrames(t);
  const run = runCamera(t, [paintVideo(t, 'clip.avi', '8208x6144', 'mjpeg'), '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.stderr(), /: frames are too large: 8208x6144, more than 50,331,648 pixels\n$/);
});

const frames = Array.from({ length: 300 }, (_, number) => numberedFrame(number));

test('--width scales a file of JPEGs down', { skip }, async (t) => {
  const clip = join(t.testdir(), 'clip.mjpeg');
  writeFileSync(clip, Buffer.concat(frames.slice(0, 8)));
  const gateway = await recordFrames(t);
  t.equal(await runCamera(t, [clip, '--url', gateway.url, '--width', '320']).ended(), 0);
  t.ok(gateway.frames.length > 0);
  for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 320, height: 240 } });
});

test('--width scales JPEG over RTSP down', { skip: skip || noRtspReason }, async (t) => {
  const camera = await startRtspCamera(t, { codec: 'jpeg' });
  showFrames(t, frames, 15, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--width', '320']);
  await eventually('frames', () => gateway.frames.length >= 3);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'pictures' });
  for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 320, height: 240 } });
});
