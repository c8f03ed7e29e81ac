/** Cameras: one that films plates, none, one that may not be used, and a page that is not secure. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { type Test, test } from 'tap';
import { renderPlateScene } from '../../../src/samples/render-plate.ts';
import { encodeJpeg } from '../../../src/samples/render-text.ts';
import { fixtureModels, shippedModels, startGateway } from '../../support/gateway.ts';
import { needsBrowser, openConsole, patience } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const fakeDevice = '--use-fake-device-for-media-stream';
const saysYes = '--use-fake-ui-for-media-stream';

/** A film of a car that moves a little, as Chromium plays it for a camera. */
function filmOf(t: Test, text: string): string {
  const frames = Array.from({ length: 12 }, (_, index) =>
    encodeJpeg(renderPlateScene({ width: 640, height: 480, text, plate: { x: 200 + 6 * index, y: 300, w: 150 } }), 90),
  );
  const folder = t.testdir();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'plates.mjpeg');
  writeFileSync(path, Buffer.concat(frames));
  return path;
}

test('what a camera films is found and read', needsBrowser, async (t) => {
  const args = [fakeDevice, saysYes, `--use-file-for-fake-video-capture=${filmOf(t, 'AB12CDE')}`];
  const { page, issues, texts } = await openConsole(t, `${gateway.httpUrl}/?source=camera`, { args });
  t.strictSame([...new Set(await texts(1))], ['AB12CDE']);
  await page.locator('#found', { hasText: 'AB12CDE' }).waitFor(patience);
  t.equal(await page.getByRole('button', { name: 'Camera' }).getAttribute('aria-pressed'), 'true');
  t.strictSame(issues, []);
});

test('a pause lets go of the camera', needsBrowser, async (t) => {
  const before = () => {
    const live: MediaStreamTrack[] = [];
    Object.assign(globalThis, { liveTracks: live });
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      live.push(...stream.getTracks());
      return stream;
    };
  };
  const { page } = await openConsole(t, `${gateway.httpUrl}/?source=camera`, { args: [fakeDevice, saysYes], before });
  const states = () =>
    page.evaluate(() =>
      (globalThis as unknown as { liveTracks: MediaStreamTrack[] }).liveTracks.map((track) => track.readyState),
    );
  await page.locator('#caption', { hasText: 'frame' }).waitFor(patience);
  t.strictSame(await states(), ['live']);
  await page.getByRole('button', { name: 'Pause' }).click();
  t.strictSame(await states(), ['ended']);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('#connection-text', { hasText: 'Connected' }).waitFor(patience);
  t.strictSame(await states(), ['ended', 'live']);
});

test('a camera that is not there, or not allowed, is told in words', needsBrowser, async (t) => {
  for (const [words, args] of [
    ['There is no camera', [saysYes]],
    ['The camera was not allowed', [fakeDevice]],
  ] as const) {
    const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?source=camera`, { args });
    await page.getByText(words).waitFor(patience);
    t.equal(await page.getByRole('button', { name: 'Start' }).count(), 1, words);
    t.strictSame(issues, []);
  }
});

test('a page that is not secure says so, and the sample still works there', needsBrowser, async (t) => {
  const plain = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
  t.teardown(() => plain.kill());
  const args = ['--host-resolver-rules=MAP framegate.test 127.0.0.1'];
  const address = `http://framegate.test:${plain.port}/?source=camera&pipeline=echo`;
  const { page, issues } = await openConsole(t, address, { args });
  await page.getByText('The camera needs a secure page').waitFor(patience);
  await page.getByRole('button', { name: 'Sample' }).click();
  await page.locator('#caption', { hasText: 'frame' }).waitFor(patience);
  t.equal(await page.locator('#notice').isVisible(), false);
  t.strictSame(issues, []);
});
