/** Cameras: working, missing, denied, and on an insecure page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { type Test, test } from 'tap';
import { fixtureModels, shippedModels, startGateway } from '../../support/gateway.ts';
import { renderPlateScene } from '../../support/samples/render-plate.ts';
import { encodeJpeg } from '../../support/samples/render-text.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const fakeDevice = '--use-fake-device-for-media-stream';
const grantPermission = '--use-fake-ui-for-media-stream';

/** Renders a video of a slowly moving car for Chromium's fake camera. */
function renderFilm(t: Test, text: string): string {
  const frames = Array.from({ length: 12 }, (_, index) =>
    encodeJpeg(renderPlateScene({ width: 640, height: 480, text, plate: { x: 200 + 6 * index, y: 300, w: 150 } }), 90),
  );
  const folder = t.testdir();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'plates.mjpeg');
  writeFileSync(path, Buffer.concat(frames));
  return path;
}

test('plates in camera frames are detected and recognized', needsBrowser, async (t) => {
  const args = [fakeDevice, grantPermission, `--use-file-for-fake-video-capture=${renderFilm(t, 'AB12CDE')}`];
  const { page, issues, texts } = await openConsole(t, `${gateway.httpUrl}/?source=camera`, { args });
  t.strictSame([...new Set(await texts(1))], ['AB12CDE']);
  await page.locator('#found', { hasText: 'AB12CDE' }).waitFor(waitOptions);
  t.equal(await page.getByRole('button', { name: 'Camera', exact: true }).getAttribute('aria-pressed'), 'true');
  t.strictSame(issues, []);
});

test('pausing releases the camera', needsBrowser, async (t) => {
  const before = () => {
    const live: MediaStreamTrack[] = [];
    Object.assign(globalThis, { liveTracks: live });
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await original(wish);
      live.push(...stream.getTracks());
      return stream;
    };
  };
  const { page } = await openConsole(t, `${gateway.httpUrl}/?source=camera`, {
    args: [fakeDevice, grantPermission],
    before,
  });
  const states = () =>
    page.evaluate(() =>
      (globalThis as unknown as { liveTracks: MediaStreamTrack[] }).liveTracks.map((track) => track.readyState),
    );
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  t.strictSame(await states(), ['live']);
  await page.getByRole('button', { name: 'Pause' }).click();
  t.strictSame(await states(), ['ended']);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('#connection-text', { hasText: 'Connected' }).waitFor(waitOptions);
  t.strictSame(await states(), ['ended', 'live']);
});

test('a missing or denied camera is reported', needsBrowser, async (t) => {
  for (const [message, args] of [
    ['No camera was found', [grantPermission]],
    ['Camera access was denied', [fakeDevice]],
  ] as const) {
    const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?source=camera`, { args });
    await page.getByText(message).waitFor(waitOptions);
    t.equal(await page.getByRole('button', { name: 'Try again' }).count(), 1, message);
    t.strictSame(issues, []);
  }
});

test('an insecure page is reported, and the sample still works', needsBrowser, async (t) => {
  const plain = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1', ALLOWED_HOSTS: 'framegate.test' });
  t.teardown(() => plain.kill());
  const args = ['--host-resolver-rules=MAP framegate.test 127.0.0.1'];
  const address = `http://framegate.test:${plain.port}/?source=camera&pipeline=echo`;
  const { page, issues } = await openConsole(t, address, { args });
  await page.getByText('Camera access requires a secure page').waitFor(waitOptions);
  await page.getByRole('button', { name: 'Sample' }).click();
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  await page.locator('#notice').waitFor({ ...waitOptions, state: 'hidden' });
  t.strictSame(issues, []);
});
