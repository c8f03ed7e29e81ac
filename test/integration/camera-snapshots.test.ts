/** Snapshot cameras with the real command: polling rate, login, reconnecting. */
import { test } from 'tap';
import { readJpegHeader } from '../../src/jpeg/header.ts';
import { eventually, processesWith, recordFrames, runCamera, noFfmpegReason as skip } from '../support/camera-run.ts';
import { numberedFrame, readNumber } from '../support/numbered-frames.ts';
import { startSnapshotCamera } from '../support/snapshot-camera.ts';

const frames = Array.from({ length: 300 }, (_, number) => numberedFrame(number));
const image = (index: number) => frames[index % frames.length] as Buffer;

test('each image is requested once, over one connection, and passed through unchanged', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { image });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--fps', '20']);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'copy' });
  await eventually('ten frames', () => gateway.frames.length >= 10);
  t.equal(processesWith(camera.url).length, 0, 'no ffmpeg');
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 0);
  const numbers = gateway.frames.map(({ bytes }) => readNumber(bytes) as number);
  t.strictSame(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
  for (const { bytes } of gateway.frames) {
    t.equal(Buffer.compare(bytes, image(readNumber(bytes) as number)), 0);
  }
  t.equal(camera.connections(), 1);
  const ended = run.lines.at(-1) as unknown as Record<'pictures', number>;
  t.ok(camera.requests.length - ended.pictures <= 1, `${camera.requests.length} requests, ${ended.pictures} pictures`);
});

test('an image that does not change is still sent, at the default rate', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { image: () => image(7) });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--stall-timeout', '1']);
  await eventually('four frames', () => gateway.frames.length >= 4);
  t.ok(gateway.frames.every(({ bytes }) => readNumber(bytes) === 7));
  t.notOk(run.lines.some(({ state }) => state === 'waiting'));
});

test('images a second apart are not a stall of a second', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { image });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--stall-timeout', '1', '--fps', '0.8']);
  await eventually('three frames', () => gateway.frames.length >= 3);
  t.notOk(run.lines.some(({ state }) => state === 'waiting'));
});

test('--width and --quality re-encode', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { image, login: { user: 'admin', password: 'p@ss' } });
  const gateway = await recordFrames(t);
  const url = camera.url.replace('//', '//admin:p@ss@');
  const run = runCamera(t, [url, '--url', gateway.url, '--fps', '10', '--width', '320', '--quality', '60']);
  t.match(await run.until(({ state }) => state === 'live'), { mode: 'pictures' });
  await eventually('five frames', () => gateway.frames.length >= 5);
  for (const { bytes } of gateway.frames) t.match(readJpegHeader(bytes), { header: { width: 320, height: 240 } });
  const numbers = gateway.frames.map(({ bytes }) => readNumber(bytes) ?? -1);
  t.strictSame(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    'each at most once, in order',
  );
  run.child.kill('SIGTERM');
  t.equal(await run.ended(), 0);
  t.notMatch(run.stdout() + run.stderr(), /p@ss/);
});

test('a camera that disconnects and returns is polled again', { skip }, async (t) => {
  const camera = await startSnapshotCamera(t, { image });
  const gateway = await recordFrames(t);
  const run = runCamera(t, [camera.url, '--url', gateway.url, '--fps', '10']);
  await eventually('frames', () => gateway.frames.length >= 3);
  await camera.kill();
  const cut = await run.until(({ state }) => state === 'waiting');
  t.match(cut, { detail: /^(Connection refused|camera closed the connection)$/ });
  await eventually(
    'an attempt without a camera',
    () => run.lines.filter(({ state }) => state === 'waiting').length > 1,
  );
  const before = gateway.frames.length;
  await startSnapshotCamera(t, { image, port: camera.port });
  await eventually('frames again', () => gateway.frames.length >= before + 3);
});
