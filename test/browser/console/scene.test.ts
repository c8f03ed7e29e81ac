/** Zones on the picture, their counts, and the events. */
import type { Page } from 'playwright-core';
import { test } from 'tap';
import { violations } from './axe.ts';
import { blackCamera, blackQuery, frameShown } from './black-camera.ts';
import { needsBrowser, waitOptions } from './open-console.ts';
import { openWith } from './open-with.ts';

const options = { before: blackCamera, query: blackQuery };
const counts = {
  yard: { inside: { car: 2 }, enter: { car: 5, bus: 1 }, leave: { car: 3 } },
  gate: { in: { car: 4 }, out: {} },
};

/** Texts of the names on the picture. */
const names = (page: Page) => page.locator('#zones text').allTextContents();

for (const [width, height] of [
  [1280, 800],
  [375, 812],
  [844, 390],
] as const) {
  test(`zones are exactly on the frame, with their counts: ${width}×${height}`, needsBrowser, async (t) => {
    const { page, issues } = await openWith(t, () => ({ counts, events: [] }), {
      ...options,
      viewport: { width, height },
      colorScheme: width < 400 ? 'dark' : 'light',
    });
    await page.locator('#zones text', { hasText: 'gate · in 4, out 0' }).waitFor(waitOptions);
    t.strictSame(await names(page), ['yard · 2', 'gate · in 4, out 0']);
    const places = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#picture');
      const box = canvas?.getBoundingClientRect();
      const scale = Math.min((box?.width ?? 0) / 320, (box?.height ?? 0) / 240);
      const left = (box?.x ?? 0) + ((box?.width ?? 0) - 320 * scale) / 2;
      const top = (box?.y ?? 0) + ((box?.height ?? 0) - 240 * scale) / 2;
      const bounds = document.querySelector('#zones .area')?.getBoundingClientRect();
      if (bounds === undefined) return [];
      return [bounds.left - left, bounds.top - top, bounds.width, bounds.height].map((length) => length / scale);
    });
    // The yard goes from a tenth to the half of the frame.
    for (const [index, expected] of [32, 24, 128, 96].entries()) {
      t.ok(Math.abs((places[index] ?? 0) - expected) < 1, `${places[index]} is about ${expected}`);
    }
    const card = page.getByRole('region', { name: 'Zones in this session' });
    t.match(
      (await card.innerText()).replace(/\s+/g, ' '),
      /yard area inside now 2 car 2 entered 6 car 5, bus 1 left 3 car 3 gate line in 4 car 4 out 0/,
    );
    // The colors are those of the other sizes.
    if (width !== 844) t.strictSame(await violations(page), []);
    t.strictSame(issues, []);
  });
}

test('another pipeline has other zones', needsBrowser, async (t) => {
  const { page, issues } = await openWith(t, () => ({}), options);
  await frameShown(page, 1);
  t.strictSame(await names(page), ['yard · 0', 'gate · in 0, out 0']);
  await page.getByLabel('Pipeline').selectOption('test');
  t.strictSame(await names(page), []);
  t.equal(await page.locator('#zones-card').isVisible(), false);
  await page.getByLabel('Pipeline').selectOption('scene');
  t.equal((await names(page)).length, 2);
  t.strictSame(issues, []);
});

test('events are listed newest first, copied as JSON lines, and cleared', needsBrowser, async (t) => {
  const happened = [
    { type: 'enter', at_ms: 1_700_000_000_000, track_id: 7, label: 'car', zone: 'yard' },
    {
      type: 'cross',
      at_ms: 1_700_000_001_000,
      track_id: 7,
      label: 'car',
      text: 'AB123',
      zone: 'gate',
      direction: 'in',
      stayed_ms: 5,
    },
  ];
  let sent = 0;
  const { page, issues } = await openWith(t, () => ({ events: happened.slice(sent, ++sent) }), options);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const rows = page.locator('#events li');
  await rows.nth(1).waitFor(waitOptions);
  const texts = (await rows.allInnerTexts()).map((text) => text.replace(/^\d\d:\d\d:\d\d\s*/, '').replace(/\s+/g, ' '));
  t.strictSame(texts, ['cross AB123 #7 gate in', 'enter car #7 yard']);
  await page.getByRole('button', { name: 'Copy the events as JSON lines' }).click();
  await page.getByText('Copied', { exact: true }).first().waitFor(waitOptions);
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  t.strictSame(
    copied
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    happened,
  );
  await page.getByRole('button', { name: 'Clear the events' }).click();
  t.equal(await rows.count(), 0);
  t.equal(await page.locator('#events-empty').isVisible(), true);
  t.equal(await page.getByRole('button', { name: 'Copy the events as JSON lines' }).isDisabled(), true);
  t.strictSame(issues, []);
});

test('thousands of hostile events per frame do no harm', needsBrowser, async (t) => {
  const html = '<img src=x onerror="document.title=\'owned\'">';
  const long = 'x'.repeat(200);
  const event = { type: html, label: long, zone: html, track_id: 1e15, at_ms: 1e300, [html]: html };
  const { page, issues } = await openWith(
    t,
    ({ index }) => ({
      events: Array.from({ length: 3000 }, (_, at) => ({ ...event, text: `${index}-${at}-${long}` })),
    }),
    { ...options, viewport: { width: 375, height: 812 } },
  );
  await frameShown(page, 4);
  await page.locator('#events-note', { hasText: 'The newest 200 of' }).waitFor(waitOptions);
  t.equal(await page.locator('#events li').count(), 200);
  t.equal(await page.locator('#events img').count(), 0);
  t.not(await page.title(), 'owned');
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  t.equal(excess, 0, 'nothing is wider than the page');
  t.strictSame(issues, []);
});

const wrongValues = [null, 5, 'x', [null, 5, 'x', {}, []], { gate: [] }, { __proto__: null, a: { b: { c: 'd' } } }];
const wrong = wrongValues.flatMap((value) => [
  ...['events', 'counts', 'tracks'].map((key) => ({ [key]: value })),
  { tracks: [{ track_id: value, x: 1, y: 1, w: 1, h: 1, lost_ms: value }] },
  { events: [{ type: value }, { type: 'odd', at_ms: value, track_id: value, zone: value, text: value }] },
  { counts: { yard: value, gate: { in: value } } },
]);

test('events, counts and tracks in wrong shapes do not stop the console', needsBrowser, async (t) => {
  let answered = 0;
  const { page, issues } = await openWith(t, () => wrong[answered++] ?? { counts }, options);
  await frameShown(page, wrong.length);
  await page.locator('#zones text', { hasText: 'gate · in 4, out 0' }).waitFor(waitOptions);
  t.strictSame(issues, []);
});
