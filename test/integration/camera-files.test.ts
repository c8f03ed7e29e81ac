/** Video files with a real ffmpeg: recognized texts, dimensions, and files that are not videos. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { readJpegHeader } from '../../src/jpeg/header.ts';
import { eventually, recordFrames, runCamera, noFfmpegReason as skip } from '../support/camera-run.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { numberedFrame, readNumber } from '../support/numbered-frames.ts';
import { renderFrames } from '../support/samples/street-frames.ts';

/** Encodes frames to a file; every ffmpeg build has an MPEG-4 encoder. */
function encodeVideo(t: Test, name: string, frames: readonly Uint8Array[], options: readonly string[] = []): string {
  const path = join(t.testdir(), name);
  const input = ['-y', '-v', 'error', '-f', 'image2pipe', '-c:v', 'mjpeg', '-framerate', '10', '-i', 'pipe:0'];
  execFileSync('ffmpeg', [...input, '-c:v', 'mpeg4', '-q:v', '2', ...options, path], { input: Buffer.concat(frames) });
  return path;
}

const numbered = (count: number) => Array.from({ length: count }, (_, number) => numberedFrame(number));

test('the license plates of a video are recognized', { skip }, async (t) => {
  const gateway = await startGateway({ MODELS_DIR: shippedModels });
  t.teardown(() => gateway.kill());
  const scenes = renderFrames().filter((_, index) => [0, 2, 3, 4, 5].includes(index));
  const clip = encodeVideo(
    t,
    'clip.mp4',
    scenes.flatMap((scene) => Array.from({ length: 10 }, () => scene)),
  );
  const run = runCamera(t, [clip, '--url', `ws://127.0.0.1:${gateway.port}`]);
  t.equal(await run.ended(), 0);
  const texts = new Set([...run.stdout().matchAll(/"text":"(\w+)"/g)].map(([, text]) => text));
  for (const text of ['AB123CD', 'M482KT', 'RZ9061', 'HH4711', 'KXC358']) t.ok(texts.has(text), text);
  t.match(run.lines.at(-1), { state: 'ended', failed: false, detail: 'played to its end' });
});

test('a file plays at its own rate, each frame once, including the last', { skip }, async (t) => {
  const clip = encodeVideo(t, 'clip.mp4', numbered(20));
  const gateway = await recordFrames(t);
  const run = runCamera(t, [clip, '--url', gateway.url]);
  t.equal(await run.ended(), 0);
  const numbers = gateway.frames.map(({ bytes }) => readNumber(bytes) as number);
  t.strictSame(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  t.equal(numbers.at(-1), 19);
  const tookMs = (gateway.frames.at(-1)?.atMs as number) - (gateway.frames[0]?.atMs as number);
  t.ok(tookMs > 1000, `two seconds of video in ${Math.round(tookMs)} ms`);
});

test('--loop repeats a file', { skip }, async (t) => {
  const clip = encodeVideo(t, 'clip.mp4', numbered(5));
  const gateway = await recordFrames(t);
  const run = runCamera(t, [clip, '--url', gateway.url, '--loop']);
  await eventually('three rounds', () => gateway.frames.length > 12);
  run.child.kill('SIGINT');
  t.equal(await run.ended(), 0);
  t.match(run.lines.at(-1), { detail: 'stopped', failed: false });
});

test('a file of JPEGs is passed through unchanged', { skip }, async (t) => {
  const frames = numbered(8);
  const clip = join(t.testdir(), 'clip.mjpeg');
  writeFileSync(clip, Buffer.concat(frames));
  const gateway = await recordFrames(t);
  const run = runCamera(t, [clip, '--url', gateway.url]);
  t.equal(await run.ended(), 0);
  t.ok(gateway.frames.length >= 4);
  for (const { bytes } of gateway.frames)
    t.equal(Buffer.compare(bytes, frames[readNumber(bytes) as number] as Buffer), 0);
});

/** Serves one response to every request until the test ends. @returns the address. */
async function serveOverHttp(t: Test, answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`;
}

test('a video on a web server plays at its own rate, and ends', { skip }, async (t) => {
  const clip = readFileSync(encodeVideo(t, 'clip.mp4', numbered(20), ['-movflags', 'faststart']));
  const url = await serveOverHttp(t, (response) => void response.end(clip));
  const gateway = await recordFrames(t);
  const run = runCamera(t, [url, '--url', gateway.url]);
  t.equal(await run.ended(), 0);
  t.match(run.lines.at(-1), { failed: false, detail: 'played to its end' });
  t.equal(readNumber(gateway.frames.at(-1)?.bytes as Buffer), 19, 'the last frame too');
  const tookMs = (gateway.frames.at(-1)?.atMs as number) - (gateway.frames[0]?.atMs as number);
  t.ok(tookMs > 1000, `two seconds of video in ${Math.round(tookMs)} ms`);
});

test('a truncated video on a web server is retried', { skip }, async (t) => {
  const clip = readFileSync(encodeVideo(t, 'clip.mp4', numbered(100), ['-movflags', 'faststart']));
  let visits = 0;
  const url = await serveOverHttp(t, (response) => {
    visits += 1;
    response.end(clip.subarray(0, clip.length / 4));
  });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [url, '--url', gateway.url]);
  t.match(await run.until(({ state }) => state === 'waiting'), { detail: /./ });
  const before = visits;
  await eventually('another visit', () => visits > before);
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 0);
  t.ok(gateway.frames.length > 0);
});

for (const [what, options, size] of [
  ['odd sizes', ['-vf', 'scale=321:241', '-pix_fmt', 'yuv420p'], { width: 321, height: 241 }],
  ['frames wider than 1920', ['-vf', 'scale=2560:1440'], { width: 1920, height: 1080 }],
] as const) {
  test(`${what} become complete JPEGs`, { skip }, async (t) => {
    const clip = encodeVideo(t, 'clip.mov', numbered(5), options);
    const gateway = await recordFrames(t);
    t.equal(await runCamera(t, [clip, '--url', gateway.url]).ended(), 0);
    t.ok(gateway.frames.length > 0);
    for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: size });
  });
}

/** Sets a 90° rotation in the track header of a MOV file: its matrix is 40 bytes after the type (ISO 14496-12, 8.3.2). */
function turn(path: string): void {
  const file = readFileSync(path);
  const matrix = file.indexOf('tkhd') + 4 + 40;
  const one = 0x10000;
  [0, one, 0, -one, 0, 0].forEach((value, index) => void file.writeInt32BE(value, matrix + 4 * index));
  writeFileSync(path, file);
}

test('a rotated video is turned upright', { skip }, async (t) => {
  const clip = encodeVideo(t, 'clip.mov', numbered(5));
  turn(clip);
  const gateway = await recordFrames(t);
  t.equal(await runCamera(t, [clip, '--url', gateway.url]).ended(), 0);
  t.ok(gateway.frames.length > 0);
  for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 480, height: 640 } });
});

test('a stream that changes its size is letterboxed to the first size', { skip }, async (t) => {
  const small = readFileSync(encodeVideo(t, 'small.ts', numbered(10), ['-vf', 'scale=320:320']));
  const large = readFileSync(encodeVideo(t, 'large.ts', numbered(10)));
  const clip = join(t.testdir(), 'clip.ts');
  writeFileSync(clip, Buffer.concat([large, small]));
  const gateway = await recordFrames(t);
  t.equal(await runCamera(t, [clip, '--url', gateway.url]).ended(), 0);
  t.ok(gateway.frames.length > 10, `${gateway.frames.length} frames`);
  for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 640, height: 480 } });
});

for (const [name, content] of [
  ['text.mp4', 'hello'],
  ['list.m3u8', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/hostname\n'],
  ['list.ffconcat', 'ffconcat version 1.0\nfile secret.mp4\n'],
  [
    'camera.sdp',
    'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
  ],
] as const) {
  test(`${name} is not a video, and its references are not followed`, { skip }, async (t) => {
    encodeVideo(t, 'secret.mp4', numbered(3));
    const path = join(t.testdir({ [name]: content, 'secret.mp4': '' }), name);
    const gateway = await recordFrames(t);
    const run = runCamera(t, [path, '--url', gateway.url]);
    t.equal(await run.ended(), 1);
    t.match(run.stderr(), /^framegate: \S+: not a video, or an unsupported format\n$/);
    t.equal(gateway.frames.length, 0);
  });
}

test('frames with dimensions that JPEG does not support are skipped', { skip }, async (t) => {
  const path = join(t.testdir(), 'tall.nut');
  const tall = ['-f', 'lavfi', '-i', 'color=s=16x65535:r=5:d=1', '-c:v', 'rawvideo', '-pix_fmt', 'gray'];
  execFileSync('ffmpeg', ['-v', 'error', ...tall, path]);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [path, '--url', gateway.url]);
  t.equal(await run.ended(), 0);
  const ended = run.lines.at(-1);
  t.match(ended, { state: 'ended', sent: 0, encoded: 0 });
  t.ok((ended?.['broken'] as number) > 0);
  t.equal(run.stderr(), '');
});

test('a low --fps is not a stall', { skip }, async (t) => {
  const clip = encodeVideo(t, 'clip.mp4', numbered(40));
  const gateway = await recordFrames(t);
  const run = runCamera(t, [clip, '--url', gateway.url, '--fps', '0.6', '--stall-timeout', '1']);
  t.equal(await run.ended(), 0);
  t.match(run.lines.at(-1), { failed: false, detail: 'played to its end', pictures: 3 });
});
