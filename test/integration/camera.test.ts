/** `framegate camera` as a process: requirements, exit codes, several sources, and no orphaned ffmpeg. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import {
  eventually,
  processesWith,
  recordFrames,
  runCamera,
  showFrames,
  noFfmpegReason as skip,
} from '../support/camera-run.ts';
import { startFakeGateway } from '../support/fake-gateway.ts';
import { freePort } from '../support/free-port.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { startMjpegCamera } from '../support/mjpeg-camera.ts';
import { numberedFrame } from '../support/numbered-frames.ts';

const frames = Array.from({ length: 900 }, (_, number) => numberedFrame(number));

function clipOf(t: Test): string {
  const path = join(t.testdir(), 'clip.mjpeg');
  writeFileSync(path, Buffer.concat(frames.slice(0, 10)));
  return path;
}

test('without ffmpeg it prints an install hint, exit code 2', async (t) => {
  const { code, stderr } = await runCli(['camera', clipOf(t)], { PATH: '/nowhere' });
  t.equal(code, 2);
  t.match(
    stderr,
    /^framegate: ffmpeg not found on PATH; install it with `apt install ffmpeg`.*`brew install ffmpeg`.*\n$/,
  );
});

for (const [what, args, code, line] of [
  ['no source', [], 2, /no source given; name one or more/],
  ['a missing file', ['nowhere.mp4'], 2, /^framegate: nowhere\.mp4 does not exist\n$/],
  [
    'an unsupported scheme',
    ['ftp://admin:hunter2@host/x'],
    2,
    /^framegate: ftp:\/\/admin:\*\*\*@host\/x: unsupported scheme; expected rtsp/,
  ],
  ['an option instead of a source', ['-i'], 2, /unknown option '-i'/],
  ['an option after --', ['--', '-i'], 2, /^framegate: -i does not exist\n$/],
  ['a rate of 0', ['x', '--fps', '0'], 2, /--fps.*It must be a number above 0/],
  ['an absurd rate', ['x', '--fps', '1e9'], 2, /--fps.*It must be a number above 0 and at most 240/],
  ['half a pixel', ['x', '--width', '9.5'], 2, /--width.*It must be a whole number/],
  ['too much quality', ['x', '--quality', '101'], 2, /--quality.*It must be a number from 1 to 100/],
  [
    'too short a stall timeout',
    ['x', '--stall-timeout', '0.5'],
    2,
    /--stall-timeout.*It must be a number from 1 to 3600/,
  ],
  ['an unknown transport', ['x', '--rtsp-transport', 'pigeon'], 2, /--rtsp-transport.*Allowed choices are tcp, udp/],
] as const) {
  test(`${what} is rejected, exit code ${code}`, async (t) => {
    const finished = await runCli(['camera', ...args]);
    t.equal(finished.code, code);
    t.match(finished.stderr, line);
    t.notMatch(finished.stderr, /hunter2|^\s+at /m);
    t.equal(finished.stdout, '');
  });
}

test('an unknown pipeline ends the command, exit code 1', { skip }, async (t) => {
  const gateway = await startGateway();
  t.teardown(() => gateway.kill());
  const run = runCamera(t, [clipOf(t), '--loop', '--pipeline', 'nope', '--url', `ws://127.0.0.1:${gateway.port}`]);
  t.equal(await run.ended(), 1);
  t.match(run.stderr(), /gateway error: invalid_pipeline: Unknown pipeline_id: nope\n$/);
});

test('a missing device is reported, and retried', { skip }, async (t) => {
  const gateway = await recordFrames(t);
  const run = runCamera(t, ['/dev/video97', '--url', gateway.url]);
  t.match(await run.until(({ state }) => state === 'waiting'), { detail: 'No such file or directory' });
  t.match(run.stderr(), /^framegate: \/dev\/video97: No such file or directory; retrying in \d\.\d s\n/);
  const once = runCamera(t, ['/dev/video97', '--no-reconnect', '--url', gateway.url]);
  t.equal(await once.ended(), 1);
});

test('a file that is not a video device is fatal', { skip }, async (t) => {
  const gateway = await recordFrames(t);
  const run = runCamera(t, ['/dev/null', '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.stderr(), /^framegate: \/dev\/null: not a video device\n$/);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
  test(`no ffmpeg is left after ${signal}`, { skip }, async (t) => {
    const camera = await startMjpegCamera(t);
    showFrames(t, frames, 15, camera.show);
    const gateway = await recordFrames(t);
    const run = runCamera(t, [camera.url, '--url', gateway.url]);
    await eventually('frames', () => gateway.frames.length >= 3);
    t.equal(processesWith(camera.url).length, 1);
    run.child.kill(signal);
    t.equal(await run.ended(), signal === 'SIGKILL' ? null : 0);
    await eventually('the end of ffmpeg', () => processesWith(camera.url).length === 0);
    t.match(run.stderr(), '');
  });
}

test('no ffmpeg is left after SIGKILL while the camera is stalled', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  const shown = showFrames(t, frames, 15, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--stall-timeout', '3']);
  await eventually('frames', () => gateway.frames.length >= 3);
  shown.stop();
  run.child.kill('SIGKILL');
  await run.ended();
  await eventually('the end of ffmpeg', () => processesWith(camera.url).length === 0);
});

test('an ffmpeg that crashes is restarted', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, frames, 15, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 3);
  for (const id of processesWith(camera.url)) process.kill(id, 'SIGKILL');
  t.match(await run.until(({ state }) => state === 'waiting'), { detail: 'ffmpeg was killed by a signal' });
  const before = gateway.frames.length;
  await eventually('frames again', () => gateway.frames.length >= before + 5);
});

test('several sources play at once, and one that fails does not affect the others, exit code 1', {
  skip,
}, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, frames, 15, camera.show);
  const gateway = await recordFrames(t);
  const folder = t.testdir({ 'text.mp4': 'no video' });
  const file = join(folder, 'cameras.json');
  const clip = join(folder, 'clip.mjpeg');
  writeFileSync(clip, Buffer.concat(frames.slice(0, 10)));
  const cameras = [
    { name: 'gate', source: camera.url, fps: 5 },
    { name: 'yard', source: clip, quality: 70 },
    { name: 'text', source: join(folder, 'text.mp4') },
    { name: 'gone', source: join(folder, 'gone.mp4') },
  ];
  writeFileSync(file, JSON.stringify(cameras));
  const run = runCamera(t, ['--sources', file, '--url', gateway.url]);
  await run.until(({ source, frame_index }) => source === 'gate' && frame_index === 5);
  await run.until(({ source, state }) => source === 'yard' && state === 'ended');
  t.match(await run.until(({ source, state }) => source === 'text' && state === 'ended'), { failed: true });
  t.match(await run.until(({ source, state }) => source === 'gone' && state === 'ended'), { detail: /does not exist/ });
  t.ok(run.lines.some(({ source, frame_index }) => source === 'yard' && frame_index === 1));
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 1);
});

test('a gateway that disconnects and returns gets frames again', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, frames, 15, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 3);
  gateway.sockets[0]?.terminate();
  await run.until(({ gateway: state }) => state === 'lost');
  await eventually('frames in a new session', () => gateway.frames.some(({ connection }) => connection === 1));
});

test('an unreachable gateway is reported, even if its name has several addresses', { skip }, async (t) => {
  const run = runCamera(t, [clipOf(t), '--loop', '--url', `ws://localhost:${await freePort()}`]);
  t.match(await run.until(({ gateway: state }) => state === 'lost'), { detail: /^unreachable: .*ECONNREFUSED/ });
  await eventually('the line', () => run.stderr().includes('\n'));
  t.match(run.stderr(), /gateway: unreachable: .*ECONNREFUSED/);
});

test('a closed stdout (`| head`) ends the command silently', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, frames, 15, camera.show);
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url]);
  await eventually('frames', () => gateway.frames.length >= 3);
  run.child.stdout?.destroy();
  t.equal(await run.ended(), 0);
  t.equal(run.stderr(), '');
  t.equal(processesWith(camera.url).length, 0);
});

test('unexpected gateway messages do not crash the command or control the terminal', { skip }, async (t) => {
  const camera = await startMjpegCamera(t);
  showFrames(t, frames, 15, camera.show);
  const results = [null, 5, { detections: [null, 5, { text: { a: 1 } }] }, { text: 5, timings_ms: { total: {} } }];
  const gateway = await startFakeGateway(t, {
    frame: ({ index, socket }) => {
      if (index < results.length) socket.send(JSON.stringify({ frame_index: index, result: results[index] }));
      else socket.send(JSON.stringify({ error: 'pipeline_failure', detail: '\x1b[2J\nframegate: forged' }));
    },
  });
  const run = runCamera(t, [camera.url, '--url', `ws://127.0.0.1:${gateway.port}`]);
  await run.until(({ gateway: state }) => state === 'lost');
  t.strictSame(
    run.lines.filter(({ result }) => result !== undefined).map(({ result }) => result),
    results,
  );
  await eventually('its error', () => run.stderr().includes('forged'));
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 0);
  for (const line of run.stderr().trim().split('\n'))
    t.match(line, /^framegate: http.* gateway: pipeline_failure: {2}\[2J/);
});

test('a source of 200 KB is rejected, and the others play', { skip }, async (t) => {
  const gateway = await recordFrames(t);
  const file = join(t.testdir(), 'cameras.json');
  const sources = [{ name: 'long', source: `http://h/${'x'.repeat(200_000)}` }, { source: clipOf(t) }];
  writeFileSync(file, JSON.stringify(sources));
  const run = runCamera(t, ['--sources', file, '--url', gateway.url]);
  t.equal(await run.ended(), 1);
  t.match(run.stderr(), /^framegate: long: source is longer than 4096 characters\n$/);
  t.ok(gateway.frames.length > 1);
});
