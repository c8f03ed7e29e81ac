/** The sample scene, video files and images, with a real gateway and the included models. */
import type { Page } from 'playwright-core';
import tap, { type Test, test } from 'tap';
import { plateTexts } from '../../../src/web/traffic.ts';
import { shippedModels, startGateway } from '../../support/gateway.ts';
import { renderPlateScene } from '../../support/samples/render-plate.ts';
import { encodeJpeg } from '../../support/samples/render-text.ts';
import { eventually } from '../../support/vital-signs.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const text = 'WT367F';
const image = Buffer.from(
  encodeJpeg(renderPlateScene({ width: 960, height: 540, text, plate: { x: 400, y: 330, w: 160 } }), 90),
);

// Which frames are sent depends on the machine. Whether every plate is read correctly is tested at fixed moments: sample-scene.test.ts.
test('the sample scene starts by itself, shows boxes and recognizes its plates', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  const areThree = (shown: string[]) => plateTexts.filter((each) => shown.includes(each)).length >= 3;
  await eventually(() => texts(1), areThree, 'three of the plates');
  await page.locator('#found', { hasText: /\d %/ }).waitFor(waitOptions);
  t.equal(await page.locator('#connection-text').textContent(), 'Connected');
  t.ok(Number(await page.locator('#answered-fps').textContent()) > 0);
  t.match(await page.locator('#times').textContent(), /decode.*detect.*read.*network\/wait/);
  t.match(await page.locator('#chart').getAttribute('aria-label'), /median \d/);
  t.ok(await hasBoxColor(t, page), 'a box is drawn');
  t.strictSame(issues, []);
});

/** Whether the canvas contains the box color, which the scene itself does not. */
async function hasBoxColor(t: Test, page: Awaited<ReturnType<typeof openConsole>>['page']) {
  const pixels = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#picture');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let yellow = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === 255 && data[at + 1] === 207 && data[at + 2] === 51) yellow += 1;
    }
    return yellow;
  });
  t.comment(`${pixels} pixels`);
  return pixels > 100;
}

test('Pause stops sending and keeps the frame; Start resumes', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  await texts(1);
  await page.getByRole('button', { name: 'Pause' }).click();
  const frame = await page.locator('#caption').textContent();
  await page.waitForTimeout(700);
  t.equal(await page.locator('#caption').textContent(), frame);
  t.equal(await page.locator('#connection-text').textContent(), 'Paused');
  t.equal(JSON.parse(await (await fetch(`${gateway.httpUrl}/readyz`)).text()).pool.sessions, 0, 'no session is held');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.waitForFunction((old) => document.querySelector('#caption')?.textContent !== old, frame, waitOptions);
  t.strictSame(issues, []);
});

test('the chosen pipeline is kept in the URL', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  await texts(1);
  await page.getByLabel('Pipeline').selectOption('yolo');
  await page.waitForFunction(() => !document.querySelector('#times')?.textContent?.includes('read'), null, waitOptions);
  // The browser reports the new address a moment later.
  await page.waitForURL(/\?pipeline=yolo$/, waitOptions);
  t.match(await page.locator('#pipeline-hint').textContent(), /without text recognition/);
  await page.reload();
  t.equal(await page.getByLabel('Pipeline').inputValue(), 'yolo');
  t.strictSame(issues, []);
});

test('an image file is recognized', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?fps=5`);
  await page.setInputFiles('#picture-file', { name: 'car.jpg', mimeType: 'image/jpeg', buffer: image });
  await page.locator('#texts .text', { hasText: text }).waitFor(waitOptions);
  await page.locator('#found', { hasText: text }).waitFor(waitOptions);
  t.match(await page.locator('#caption').textContent(), /960 × 540/);
  t.equal(await page.getByRole('button', { name: 'Image…' }).getAttribute('aria-pressed'), 'true');
  t.strictSame(issues, []);
});

test('a video file is played and recognized', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, gateway.httpUrl);
  const film = await page.evaluate(recordFilm, image.toString('base64'));
  await page.setInputFiles('#video-file', {
    name: 'car.webm',
    mimeType: 'video/webm',
    buffer: Buffer.from(film, 'base64'),
  });
  await page.locator('#texts .text', { hasText: text }).waitFor(waitOptions);
  t.match(await page.locator('#caption').textContent(), /960 × 540/);
  t.strictSame(issues, []);
});

/** A DataTransfer with a file, in the page. */
function fileTransfer(page: Page, bytes: Buffer, type: string) {
  const file = { base64: bytes.toString('base64'), type };
  return page.evaluateHandle(({ base64, type }) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], 'dropped-file', { type }));
    return transfer;
  }, file);
}

test('a dropped or pasted file is opened', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?fps=5`);
  const dataTransfer = await fileTransfer(page, image, 'image/jpeg');
  await page.dispatchEvent('.stage', 'dragover', { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 1, 'the drop target is highlighted');
  await page.dispatchEvent('body', 'dragleave', { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 0, 'the highlight is removed');
  await page.dispatchEvent('.stage', 'dragover', { dataTransfer });
  await page.dispatchEvent('.stage', 'drop', { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 0);
  await page.locator('#found', { hasText: text }).waitFor(waitOptions);
  t.equal(await page.getByRole('button', { name: 'Image…' }).getAttribute('aria-pressed'), 'true');

  const film = await fileTransfer(page, Buffer.from('not a media file'), 'video/mp4');
  await page.evaluate(
    (clipboardData) => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })),
    film,
  );
  await page.getByText('This video cannot be played').waitFor(waitOptions);
  t.strictSame(issues, []);
});

test('dropped or pasted text is left to the browser', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  await texts(1);
  const dataTransfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.setData('text/plain', 'AB123CD');
    return transfer;
  });
  for (const event of ['dragover', 'drop', 'paste']) await page.dispatchEvent('.stage', event, { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 0);
  t.equal(await page.getByRole('button', { name: 'Sample' }).getAttribute('aria-pressed'), 'true');
  t.strictSame(issues, []);
});

test('an invalid video or image is reported, and another source still works', needsBrowser, async (t) => {
  const { page, texts } = await openConsole(t, gateway.httpUrl);
  const junk = Buffer.from('not a media file');
  await page.setInputFiles('#picture-file', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: junk });
  await page.getByText('This image cannot be opened').waitFor(waitOptions);
  await page.setInputFiles('#video-file', { name: 'a.mp4', mimeType: 'video/mp4', buffer: junk });
  await page.getByText('This video cannot be played').waitFor(waitOptions);
  t.equal(await page.locator('#notice-detail').textContent(), 'a.mp4');
  t.equal(await page.locator('#caption').textContent(), '', 'the frame of the previous source is gone');
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose file…' }).click();
  t.ok(await chooser, 'the button opens the file dialog');
  await page.getByRole('button', { name: 'Sample' }).click();
  t.ok((await texts(1)).length > 0);
  // Texts of the sample that started with the page are listed already: the notice goes with the first new frame.
  await page.locator('#notice').waitFor({ ...waitOptions, state: 'hidden' });
});

/** Records an image as a two-second video in the page. Returns base64. */
async function recordFilm(jpeg: string): Promise<string> {
  const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(10), { mimeType: 'video/webm', videoBitsPerSecond: 8e6 });
  const pieces: Blob[] = [];
  recorder.ondataavailable = ({ data }) => void pieces.push(data);
  const over = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start();
  for (let frame = 0; frame < 20; frame++) {
    context?.drawImage(bitmap, 0, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  recorder.stop();
  await over;
  const film = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(Array.from(film, (byte) => String.fromCharCode(byte)).join(''));
}
