/** A real RTSP server with a real ffmpeg: restarted, frozen, with a password, H.264 and JPEG. */
import { test } from 'tap';
import { eventually, noFfmpegReason, recordFrames, runCamera, showFrames } from '../support/camera-run.ts';
import { numberedFrame, readNumber } from '../support/numbered-frames.ts';
import { noRtspReason, startRtspCamera } from '../support/rtsp-camera.ts';

const skip = noFfmpegReason || noRtspReason;
const frames = Array.from({ length: 900 }, (_, number) => numberedFrame(number));
const fps = 15;

test('H.264 is re-encoded, and no stale frame is sent', { skip }, async (t) => {
  const camera = await startRtspCamera(t);
  const { shownAtMs } = showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 30);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'pictures' });
  const numbers = gateway.frames.map(({ bytes }) => readNumber(bytes) as number);
  t.strictSame(
    numbers,
    numbers.toSorted((a, b) => a - b),
    'in order, each readable',
  );
  for (const [index, { atMs }] of [...gateway.frames.entries()].slice(10)) {
    const ageMs = atMs - (shownAtMs[numbers[index] as number] as number);
    // A backlog would grow without limit; a busy machine adds only a second or two.
    t.ok(ageMs < 5000, `${Math.round(ageMs)} ms`);
  }
});

test('JPEG over RTSP is passed through, with the tables that RTP omits', { skip }, async (t) => {
  const camera = await startRtspCamera(t, { codec: 'jpeg' });
  showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 10);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'copy' });
  for (const { bytes } of gateway.frames) t.type(readNumber(bytes), 'number');
});

test('--width and --fps reduce size and rate', { skip }, async (t) => {
  const camera = await startRtspCamera(t);
  const { shownAtMs } = showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  runCamera(t, [camera.url, '--url', gateway.url, '--width', '320', '--fps', '5', '--rtsp-transport', 'udp']);
  await eventually('frames', () => gateway.frames.length >= 10);
  const seen = gateway.frames.map(({ bytes }) => readNumber(bytes) as number);
  const gaps = seen.slice(1).map((number, index) => number - (seen[index] as number));
  t.ok(
    gaps.every((gap) => gap >= 2),
    `every third of ${shownAtMs.length}: ${gaps}`,
  );
  for (const { bytes } of gateway.frames) t.ok(bytes.length < 30_000);
});

test('a restarted server is played again, without old frames', { skip }, async (t) => {
  const camera = await startRtspCamera(t);
  const before = showFrames(t, frames.slice(0, 450), fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 5);
  before.stop();
  await camera.kill();
  await run.until(({ state }) => state === 'waiting');
  await eventually('an attempt without a server', () =>
    run.lines.some(({ detail }) => detail === 'Connection refused'),
  );
  const sentBefore = gateway.frames.length;
  const back = await startRtspCamera(t, { port: camera.port });
  showFrames(t, frames.slice(450), fps, back.show);
  await eventually('frames of the new server', () => gateway.frames.length >= sentBefore + 10);
  const numbers = gateway.frames.slice(sentBefore).map(({ bytes }) => readNumber(bytes) as number);
  t.ok(
    numbers.every((number) => number >= 450),
    `${numbers}`,
  );
});

test('a frozen server is detected', { skip }, async (t) => {
  const camera = await startRtspCamera(t);
  showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--stall-timeout', '2']);
  await eventually('frames', () => gateway.frames.length >= 5);
  camera.freeze();
  t.match(await run.until(({ state }) => state === 'waiting'), { detail: 'no frame for 2 s' });
});

test('a wrong password ends the camera immediately and is never printed; the right one plays', { skip }, async (t) => {
  const camera = await startRtspCamera(t, { user: 'admin', password: 'r1ghtword' });
  showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const withLogin = (password: string) => camera.url.replace('//', `//admin:${password}@`);
  const wrong = runCamera(t, [withLogin('wr0ngword'), '--url', gateway.url]);
  t.equal(await wrong.ended(), 1);
  t.match(
    wrong.stderr(),
    /rtsp:\/\/admin:\*\*\*@127\.0\.0\.1:\d+\/live: 401 Unauthorized: wrong user name or password\n$/,
  );
  t.notMatch(wrong.stdout() + wrong.stderr(), /wr0ngword/);
  const right = runCamera(t, [withLogin('r1ghtword'), '--url', gateway.url]);
  await right.until(({ state }) => state === 'live');
  t.notMatch(right.stdout() + right.stderr(), /r1ghtword/);
});
