/** Invalid JPEGs of a camera are repaired or re-encoded, and reported once, with a real ffmpeg. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { encodeError } from '../../src/protocol.ts';
import { eventually, recordFrames, runCamera, showFrames, noFfmpegReason as skip } from '../support/camera-run.ts';
import { startFakeGateway } from '../support/fake-gateway.ts';
import { startGateway } from '../support/gateway.ts';
import { segment } from '../support/jpeg-bytes.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { numberedFrame } from '../support/numbered-frames.ts';
import { startSnapshotCamera } from '../support/snapshot-camera.ts';

const numbered = Array.from({ length: 300 }, (_, number) => numberedFrame(number));
const halves = numbered.map((jpeg) => jpeg.subarray(0, jpeg.length / 2));
const eoi = Buffer.of(0xff, 0xd9);
const fps = 15;
/** Re-encoding a frame changes its bytes. */
const isOneOf = (frames: readonly Buffer[]) => (bytes: Buffer) => frames.some((frame) => frame.equals(bytes));

for (const [what, change] of [
  ['bytes after EOI', (jpeg: Buffer) => Buffer.concat([jpeg, Buffer.from('dhav\x01\x02\x03\x04')])],
  ['no EOI', (jpeg: Buffer) => jpeg.subarray(0, -2)],
] as const) {
  test(`${what}: frames are repaired, not re-encoded, and it is reported once`, { skip }, async (t) => {
    const camera = await startMjpegCamera(t);
    showFrames(t, numbered.map(change), fps, camera.show);
    const gateway = await recordFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url]);
    await eventually('frames at the gateway', () => gateway.frames.length > 10);
    t.ok(gateway.frames.map(({ bytes }) => bytes).every(isOneOf(numbered)), 'as they were before');
    t.same(
      run.lines.flatMap(({ repaired }) => (repaired === undefined ? [] : [repaired])),
      [`${what} in its frames`],
    );
    t.match(run.stderr(), `stream repaired: ${what} in its frames`);
  });
}

test('incomplete frames between complete ones are skipped, and the camera keeps playing', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(
    t,
    numbered.map((jpeg, number) => (number % 3 === 1 ? (halves[number] as Buffer) : jpeg)),
    fps,
    camera.show,
  );
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames at the gateway', () => gateway.frames.length > 20);
  t.ok(gateway.frames.map(({ bytes }) => bytes).every(isOneOf(numbered)));
  t.notOk(run.lines.some(({ repaired, state }) => repaired !== undefined || state === 'waiting'));
});

test('a camera without a single complete frame is re-encoded', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, halves, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  t.match(await run.until(({ repaired }) => repaired !== undefined), {
    repaired: 'its frames are not valid JPEGs (no EOI); re-encoding frames',
  });
  await run.until(({ state, mode }) => state === 'live' && mode === 'pictures');
  await eventually('frames at the gateway', () => gateway.frames.length > 3);
  for (const { bytes } of gateway.frames) t.same(bytes.subarray(-2), eoi);
});

test('frames that the gateway rejects are re-encoded, and the session is restored', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, numbered, fps, camera.show);
  const refusal = 'Not a valid JPEG image: it is too good';
  let accepted = 0;
  const gateway = await startFakeGateway(t, {
    frame: ({ bytes, socket, result }) => {
      if (isOneOf(numbered)(bytes)) {
        socket.send(encodeError('invalid_frame', refusal));
        socket.close(1007);
      } else {
        accepted += 1;
        result();
      }
    },
  });
  const run = runCamera(t, [camera.url, '--url', `ws://127.0.0.1:${gateway.port}`]);
  t.match(await run.until(({ repaired }) => repaired !== undefined), {
    repaired: `the gateway rejected a frame (${refusal}); re-encoding frames`,
  });
  await eventually('accepted frames', () => accepted > 10);
  t.equal(gateway.sockets.length, 2, 'one rejection was enough');
  t.notOk(run.lines.some(({ state }) => state === 'ended'));
});

test('frames so large that the gateway closes the connection are re-encoded', {
  skip,
}, async (t) => {
  const gateway = await startGateway();
  t.teardown(() => gateway.kill());
  const comments = Buffer.concat(Array.from({ length: 110 }, () => Buffer.from(segment(0xfe, new Uint8Array(65_000)))));
  const [first] = numbered as [Buffer];
  const heavy = Buffer.concat([first.subarray(0, 2), comments, first.subarray(2)]);
  const camera = await startSnapshotCamera(t, { image: () => heavy });
  const run = runCamera(t, [camera.url, '--url', gateway.httpUrl, '--pipeline', 'echo', '--fps', '5']);
  t.match(await run.until(({ repaired }) => repaired !== undefined), {
    repaired: /^the gateway closed the connection on a frame of 7,\d{3},\d{3} bytes; re-encoding frames$/,
  });
  await run.until(({ result }) => result !== undefined);
});

test('a file of incomplete frames ends with the reason', { skip }, async (t) => {
  const clip = join(t.testdir(), 'clip.mjpeg');
  writeFileSync(clip, Buffer.concat(halves.slice(0, 3)));
  const gateway = await recordFrames(t);
  const run = runCamera(t, [clip, '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.lines.at(-1), {
    failed: true,
    detail: /^stream ended: received \d frames?, none a complete JPEG: no EOI$/,
  });
});
