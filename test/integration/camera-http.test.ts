/** An HTTP camera with a real ffmpeg: JPEGs arrive unchanged, interruptions and stalls recover, nothing stale is sent. */
import { test } from 'tap';
import {
  eventually,
  processesWith,
  recordFrames,
  runCamera,
  showFrames,
  noFfmpegReason as skip,
} from '../support/camera-run.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { numberedFrame, readNumber } from '../support/numbered-frames.ts';

const frames = Array.from({ length: 600 }, (_, number) => numberedFrame(number));
const fps = 15;

for (const withLength of [true, false]) {
  const how = withLength ? 'with' : 'without';
  test(`JPEGs of a camera ${how} Content-Length are passed through unchanged, newest first`, { skip }, async (t) => {
    const camera = await startMjpegCamera(t, { withLength });
    const { shownAtMs } = showFrames(t, frames, fps, camera.show);
    const gateway = await recordFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url]);
    await eventually('twenty frames', () => gateway.frames.length >= 20);
    t.match(await run.until(({ state }) => state === 'live'), { mode: 'copy' });
    const numbers = gateway.frames.map(({ bytes }) => readNumber(bytes) as number);
    for (const [index, number] of numbers.entries()) {
      t.equal(Buffer.compare(gateway.frames[index]?.bytes as Buffer, frames[number] as Buffer), 0);
    }
    t.strictSame(
      numbers,
      numbers.toSorted((a, b) => a - b),
      'in order',
    );
    const late = gateway.frames.map(({ atMs }, index) => atMs - (shownAtMs[numbers[index] as number] as number));
    t.ok(
      late.slice(5).every((ageMs) => ageMs < 1500),
      `${late.map(Math.round)}`,
    );
    const result = await run.until(({ frame_index }) => frame_index === 0);
    t.match(result, { source: camera.url, result: { width: 8 } });
  });
}

test('a slow gateway gets the newest frames, and frames that are not sent are never encoded', {
  skip,
}, async (t) => {
  const camera = await startMjpegCamera(t);
  const { shownAtMs } = showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t, 500);
  // With --quality, frames are encoded here.
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--quality', '80']);
  await eventually('ten frames', () => gateway.frames.length >= 10);
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 0);
  const ended = run.lines.at(-1) as unknown as Record<'pictures' | 'encoded' | 'sent', number>;
  t.ok(ended.pictures > 1.5 * ended.sent, `${ended.pictures} pictures, ${ended.sent} sent`);
  t.ok(ended.encoded <= ended.sent + 1, `${ended.encoded} encoded, ${ended.sent} sent`);
  for (const { bytes, atMs } of gateway.frames.slice(3)) {
    const ageMs = atMs - (shownAtMs[readNumber(bytes) as number] as number);
    t.ok(ageMs < 1500, `no backlog: ${Math.round(ageMs)} ms old`);
  }
});

test('a camera that disconnects and returns is played again, without old frames', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  const before = showFrames(t, frames.slice(0, 300), fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 5);
  before.stop();
  await camera.kill();
  const cut = await run.until(({ state }) => state === 'waiting');
  t.match(cut, { detail: /stream ended|Connection refused|reset/ });
  await eventually('an attempt without a camera', () =>
    run.lines.some(({ detail }) => detail === 'Connection refused'),
  );
  const sentBefore = gateway.frames.length;
  const back = await startMjpegCamera(t, { port: camera.port });
  const after = showFrames(t, frames.slice(300), fps, back.show);
  await eventually('frames of the new camera', () => gateway.frames.length >= sentBefore + 10);
  const numbers = gateway.frames.slice(sentBefore).map(({ bytes }) => readNumber(bytes) as number);
  t.ok(
    numbers.every((number) => number >= 300),
    `${numbers}`,
  );
  t.ok(after.shownAtMs.length > 0);
  t.equal(processesWith(camera.url).length, 1, 'one ffmpeg, not one per attempt');
});

test('a stalled camera is retried', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  const shown = showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--stall-timeout', '2']);
  await eventually('frames', () => gateway.frames.length >= 5);
  shown.stop();
  t.match(await run.until(({ state }) => state === 'waiting'), { detail: 'no frame for 2 s' });
  const sentBefore = gateway.frames.length;
  showFrames(t, frames.slice(300), fps, camera.show);
  await eventually('frames again', () => gateway.frames.length >= sentBefore + 5);
  const numbers = gateway.frames.slice(sentBefore).map(({ bytes }) => readNumber(bytes) as number);
  t.ok(
    numbers.every((number) => number >= 300),
    `${numbers}`,
  );
});

test('incomplete JPEGs are skipped, and the session with the gateway continues', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  const halves = frames.map((frame, index) => (index % 3 === 0 ? frame.subarray(0, frame.length / 2) : frame));
  showFrames(t, halves, fps, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 20);
  run.child.kill('SIGINT');
  t.equal(await run.ended(), 0);
  t.ok((run.lines.at(-1)?.['broken'] as number) > 5);
  for (const { bytes } of gateway.frames) t.strictSame([...bytes.subarray(-2)], [0xff, 0xd9]);
});

test('an endless body without a frame is retried, a web page is fatal after three attempts', { skip }, async (t) => {
  const timers: NodeJS.Timeout[] = [];
  t.teardown(() => timers.forEach(clearInterval));
  const endless = await startMjpegCamera(t, {
    answer: (response) => {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
      response.write('--frame\r\nContent-Type: image/jpeg\r\n\r\n');
      response.on('error', () => undefined);
      timers.push(setInterval(() => response.writableLength < 1e6 && response.write(Buffer.alloc(65_536, 1)), 1));
      return true;
    },
  });
  const page = await startMjpegCamera(t, {
    answer: (response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>');
      return true;
    },
  });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [endless.url, page.url, '--url', gateway.url, '--stall-timeout', '1']);
  const gaveUp = await run.until(({ source, state }) => source === page.url && state === 'ended');
  t.match(gaveUp, { failed: true, detail: /not a video/ });
  await run.until(({ source, state }) => source === endless.url && state === 'waiting');
  t.equal(gateway.frames.length, 0);
  t.equal(page.visits(), 3, 'three attempts');
});

test('a wrong password ends the camera immediately, and is never printed', { skip }, async (t) => {
  const camera = await startMjpegCamera(t, {
    answer: (response, authorization) => {
      const isAuthorized = authorization === `Basic ${Buffer.from('admin:right').toString('base64')}`;
      if (!isAuthorized) response.writeHead(401, { 'www-authenticate': 'Basic realm="camera"' }).end();
      return !isAuthorized;
    },
  });
  showFrames(t, frames, fps, camera.show);
  const gateway = await recordFrames(t);
  const withLogin = (password: string) => camera.url.replace('//', `//admin:${password}@`);
  const wrong = runCamera(t, [withLogin('wr0ngpass'), '--url', gateway.url]);
  t.equal(await wrong.ended(), 1);
  t.match(
    wrong.stderr(),
    /http:\/\/admin:\*\*\*@127\.0\.0\.1:\d+\/video: 401 Unauthorized: wrong user name or password\n$/,
  );
  t.notMatch(wrong.stdout() + wrong.stderr(), /wr0ngpass/);
  const right = runCamera(t, [withLogin('right'), '--url', gateway.url]);
  await right.until(({ state }) => state === 'live');
  t.notMatch(right.stdout() + right.stderr(), /:right@/);
});
