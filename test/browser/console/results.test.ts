/** What the console shows of a result, and what it removes when the source or the pipeline changes. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { test } from 'tap';
import { startFakeGateway } from '../../support/fake-gateway.ts';
import { serveConsole } from '../../support/page-site.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';
import { image, openWith, size } from './open-with.ts';

const box = { x: 20, y: 20, w: 100, h: 40, score: 0.9 };
const line = (text: string, textScore: number) => ({ ...box, label: 'line', text, text_score: textScore });

/** The number of pixels in the color of boxes and labels. */
function markedPixels(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#picture');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let marked = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === 255 && data[at + 1] === 207 && data[at + 2] === 51) marked += 1;
    }
    return marked;
  });
}

test('a change of pipeline or source removes the frame until the first new result', needsBrowser, async (t) => {
  const { page, issues } = await openWith(t, ({ connection }) =>
    connection === 0 ? { detections: [{ ...box, label: 'plate' }] } : undefined,
  );
  const caption = page.locator('#caption', { hasText: 'frame' });
  await caption.waitFor(waitOptions);
  t.ok((await markedPixels(page)) > 0, 'a box is shown');
  await page.getByLabel('Pipeline').selectOption('other');
  await page.getByText('Waiting for the first result').waitFor(waitOptions);
  t.match(await page.locator('#notice-advice').textContent(), /loads this pipeline when it is first used/);
  t.equal(await markedPixels(page), 0, 'the box is gone');
  t.equal(await page.locator('#caption').textContent(), '');
  t.equal(await page.locator('#found li').count(), 0);
  await page.getByLabel('Pipeline').selectOption('test');
  await page.setInputFiles('#picture-file', image);
  await page.getByText('Waiting for the first result').waitFor(waitOptions);
  t.equal(await markedPixels(page), 0);
  t.strictSame(issues, []);
});

test(
  'the text of a page is shown and copied; its lines have no labels, and guesses are left out',
  needsBrowser,
  async (t) => {
    let lines = [line('|~', 0.06)];
    const { page, issues } = await openWith(t, () => ({ detections: lines, text: 'ignored', text_score: 0.9 }));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const text = page.locator('#page-text');
    await page.getByRole('heading', { name: 'Text on this page' }).waitFor(waitOptions);
    t.match(await text.inputValue(), /^No text recognized/);
    t.equal(await page.getByRole('button', { name: 'Copy text' }).isDisabled(), true);
    t.equal(await markedPixels(page), 0, 'a guess is not marked');
    lines = [line('Invoice 12', 0.98), line('|~', 0.06), line('Total', 0.9)];
    await page.waitForFunction(
      () => document.querySelector<HTMLTextAreaElement>('#page-text')?.value === 'Invoice 12\nTotal',
      null,
      waitOptions,
    );
    const density = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#picture');
      return (canvas?.width ?? 0) / 960;
    });
    // Two pixels along the outline of one box, and no filled label.
    const outline = 2 * 2 * (box.w + box.h) * 3 * density;
    const marked = await markedPixels(page);
    t.ok(marked > 0 && marked < outline, `${marked} of at most ${outline}`);
    t.equal(await page.locator('#recent').isVisible(), false, 'the recent texts make room');
    await page.getByRole('button', { name: 'Copy text' }).click();
    await page.getByText('Copied', { exact: true }).first().waitFor(waitOptions);
    t.equal(await page.evaluate(() => navigator.clipboard.readText()), 'Invoice 12\nTotal');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByLabel('Pipeline').selectOption('other');
    t.equal(await page.locator('#recent').isVisible(), true);
    t.strictSame(issues, []);
  },
);

test('the last reply is shown, copied and downloaded', needsBrowser, async (t) => {
  const { page, issues } = await openWith(t, () => ({ custom: ['x'] }));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  await page.getByRole('button', { name: 'Pause' }).click();
  const index = await page.locator('#picture').getAttribute('data-frame');
  const expected = {
    frame_index: Number(index),
    result: { ...size, timings_ms: { decode: 1, total: 1 }, custom: ['x'] },
  };
  await page.getByText('Show the JSON').click();
  await page.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>('#reply-json')?.value.includes('custom'),
    null,
    waitOptions,
  );
  t.strictSame(JSON.parse(await page.locator('#reply-json').inputValue()), expected);
  await page.getByRole('button', { name: 'Copy the last reply' }).click();
  await page.getByText('Copied', { exact: true }).first().waitFor(waitOptions);
  t.strictSame(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), expected);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download the last reply' }).click();
  const file = await download;
  t.equal(file.suggestedFilename(), `frame-${index}.json`);
  t.strictSame(JSON.parse(readFileSync(await file.path(), 'utf8')), expected);
  t.strictSame(issues, []);
});

test('without a secure page, copying works too', needsBrowser, async (t) => {
  const before = () => Object.defineProperty(navigator, 'clipboard', { value: undefined });
  const fake = await startFakeGateway(t, { serve: serveConsole, frame: ({ result }) => result() });
  const { page, issues } = await openConsole(t, `http://127.0.0.1:${fake.port}/`, { before });
  const pasted = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.addEventListener('copy', () => resolve(String((document.activeElement as HTMLTextAreaElement).value)));
      }),
  );
  await page.getByRole('button', { name: 'Copy the command for a camera' }).click();
  t.match(await pasted, new RegExp(`--url ws://127.0.0.1:${fake.port} --pipeline test$`));
  t.equal(await page.locator('#copy-camera').textContent(), 'Copied');
  t.strictSame(issues, []);
});

test('the snippets follow the chosen pipeline, and the gateway describes itself', needsBrowser, async (t) => {
  const { page, port, issues } = await openWith(t, () => ({}));
  await page
    .locator('#snippet-camera', { hasText: `--url ws://127.0.0.1:${port} --pipeline test` })
    .waitFor(waitOptions);
  await page.getByLabel('Pipeline').selectOption('other');
  await page.locator('#snippet-script', { hasText: "pipeline: 'other'" }).waitFor(waitOptions);
  await page.locator('#gateway-version', { hasText: '0.0.0' }).waitFor(waitOptions);
  t.equal(await page.locator('#gateway-workers').textContent(), '1 of 1 ready');
  for (const path of await page.locator('.docs code').allTextContents()) {
    t.ok(readFileSync(new URL(`../../../${path}`, import.meta.url)), path);
  }
  t.strictSame(issues, []);
});

test('warnings of a damaged frame are shown while they last', needsBrowser, async (t) => {
  let warnings: string[] | undefined = ['Premature end of JPEG file'];
  const { page } = await openWith(t, () => ({ warnings }));
  await page.locator('#warnings', { hasText: 'Premature end of JPEG file' }).waitFor(waitOptions);
  warnings = undefined;
  await page.locator('#warnings').waitFor({ state: 'hidden', ...waitOptions });
});

test('a paused console has no round trip, and an image no rate to set', needsBrowser, async (t) => {
  const { page, issues } = await openWith(t, () => ({}));
  await page.waitForFunction(() => document.querySelector('#trip-now')?.textContent !== '–', null, waitOptions);
  t.equal(await page.getByLabel('Rate').isEnabled(), true);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.waitForFunction(() => document.querySelector('#trip-now')?.textContent === '–', null, waitOptions);
  await page.setInputFiles('#picture-file', image);
  await page.locator('#fps-hint', { hasText: 'An image is sent 2 times per second' }).waitFor(waitOptions);
  t.equal(await page.getByLabel('Rate').isDisabled(), true);
  t.equal(await page.locator('#fps-value').textContent(), '2 fps');
  t.strictSame(issues, []);
});

test('texts of different sources are listed apart, and a plate once', needsBrowser, async (t) => {
  const plate = { ...box, label: 'plate', text: 'AB123', text_score: 0.9 };
  const { page } = await openWith(t, () => ({ detections: [plate] }));
  const rows = page.locator('#texts .text');
  await rows.first().waitFor(waitOptions);
  await page.setInputFiles('#picture-file', image);
  await page.locator('#texts .source-name').nth(1).waitFor(waitOptions);
  t.strictSame(await page.locator('#texts .source-name').allTextContents(), ['page.jpg', 'Sample scene']);
  t.strictSame(await rows.allTextContents(), ['AB123', 'AB123']);
});
