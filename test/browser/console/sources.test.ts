/** The sample scene, video files and pictures, against a real gateway with the models that ship. */
import type { Page } from 'playwright-core';
import tap, { type Test, test } from 'tap';
import { renderPlateScene } from '../../../src/samples/render-plate.ts';
import { encodeJpeg } from '../../../src/samples/render-text.ts';
import { plateTexts } from '../../../src/web/traffic.ts';
import { shippedModels, startGateway } from '../../support/gateway.ts';
import { needsBrowser, openConsole, patience } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const text = 'WT367F';
const picture = Buffer.from(
  encodeJpeg(renderPlateScene({ width: 960, height: 540, text, plate: { x: 400, y: 330, w: 160 } }), 90),
);

test('the sample scene shows boxes and reads its plates right, without a click', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  const read = await texts(3);
  t.strictSame(
    read.filter((each) => !(plateTexts as readonly string[]).includes(each)),
    [],
    read.join(' '),
  );
  t.ok(new Set(read).size >= 3, read.join(' '));
  await page.locator('#found', { hasText: /\d %/ }).waitFor(patience);
  t.equal(await page.locator('#connection-text').textContent(), 'Connected');
  t.ok(Number(await page.locator('#answered-fps').textContent()) > 0);
  t.match(await page.locator('#times').textContent(), /decode.*detect.*read.*on the way/);
  t.match(await page.locator('#chart').getAttribute('aria-label'), /median \d/);
  t.ok(await isYellowSomewhere(t, page), 'a box is drawn');
  t.strictSame(issues, []);
});

/** Whether the picture has a box's colour in it, which nothing of the scene has. */
async function isYellowSomewhere(t: Test, page: Awaited<ReturnType<typeof openConsole>>['page']) {
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

test('a pause stops the sending and keeps the picture; a start goes on', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  await texts(1);
  await page.getByRole('button', { name: 'Pause' }).click();
  const frame = await page.locator('#caption').textContent();
  await page.waitForTimeout(700);
  t.equal(await page.locator('#caption').textContent(), frame);
  t.equal(await page.locator('#connection-text').textContent(), 'Paused');
  t.equal(JSON.parse(await (await fetch(`${gateway.httpUrl}/readyz`)).text()).pool.sessions, 0, 'no session is held');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.waitForFunction((old) => document.querySelector('#caption')?.textContent !== old, frame, patience);
  t.strictSame(issues, []);
});

test('another pipeline is chosen in the list and kept in the address', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl);
  await texts(1);
  await page.getByLabel('Pipeline').selectOption('yolo');
  await page.waitForFunction(() => !document.querySelector('#times')?.textContent?.includes('read'), null, patience);
  t.match(page.url(), /\?pipeline=yolo$/);
  t.match(await page.locator('#pipeline-hint').textContent(), /without reading/);
  await page.reload();
  t.equal(await page.getByLabel('Pipeline').inputValue(), 'yolo');
  t.strictSame(issues, []);
});

test('a picture is read', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?fps=5`);
  await page.setInputFiles('#picture-file', { name: 'car.jpg', mimeType: 'image/jpeg', buffer: picture });
  await page.locator('#texts .text', { hasText: text }).waitFor(patience);
  await page.locator('#found', { hasText: text }).waitFor(patience);
  t.match(await page.locator('#caption').textContent(), /960 × 540/);
  t.equal(await page.getByRole('button', { name: 'Picture' }).getAttribute('aria-pressed'), 'true');
  t.strictSame(issues, []);
});

test('a video file is played and read', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, gateway.httpUrl);
  const film = await page.evaluate(recordFilm, picture.toString('base64'));
  await page.setInputFiles('#video-file', {
    name: 'car.webm',
    mimeType: 'video/webm',
    buffer: Buffer.from(film, 'base64'),
  });
  await page.locator('#texts .text', { hasText: text }).waitFor(patience);
  t.match(await page.locator('#caption').textContent(), /960 × 540/);
  t.strictSame(issues, []);
});

/** A file as the browser hands it over, in the page. */
function handOver(page: Page, bytes: Buffer, type: string) {
  const file = { base64: bytes.toString('base64'), type };
  return page.evaluateHandle(({ base64, type }) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], 'handed-over', { type }));
    return transfer;
  }, file);
}

test('a file that is dropped on the page, or pasted, is read', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?fps=5`);
  const dataTransfer = await handOver(page, picture, 'image/jpeg');
  await page.dispatchEvent('.stage', 'dragover', { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 1, 'the target is shown');
  await page.dispatchEvent('body', 'dragleave', { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 0, 'and no more');
  await page.dispatchEvent('.stage', 'dragover', { dataTransfer });
  await page.dispatchEvent('.stage', 'drop', { dataTransfer });
  t.equal(await page.locator('body[data-file-over]').count(), 0);
  await page.locator('#found', { hasText: text }).waitFor(patience);
  t.equal(await page.getByRole('button', { name: 'Picture' }).getAttribute('aria-pressed'), 'true');

  const film = await handOver(page, Buffer.from('this is a letter'), 'video/mp4');
  await page.evaluate(
    (clipboardData) => document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true })),
    film,
  );
  await page.getByText('This video cannot be played here').waitFor(patience);
  t.strictSame(issues, []);
});

test('text that is dropped or pasted is left to the browser', needsBrowser, async (t) => {
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

test('what is no video and no picture is told in words, and another source still works', needsBrowser, async (t) => {
  const { page, texts } = await openConsole(t, gateway.httpUrl);
  const junk = Buffer.from('this is a letter');
  await page.setInputFiles('#picture-file', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: junk });
  await page.getByText('This is no picture that the browser knows').waitFor(patience);
  await page.setInputFiles('#video-file', { name: 'a.mp4', mimeType: 'video/mp4', buffer: junk });
  await page.getByText('This video cannot be played here').waitFor(patience);
  t.equal(await page.getByRole('button', { name: 'Start' }).count(), 1);
  await page.getByRole('button', { name: 'Sample' }).click();
  t.ok((await texts(1)).length > 0);
  t.equal(await page.locator('#notice').isVisible(), false);
});

/** Films a picture for two seconds, in the page, as base64. */
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
