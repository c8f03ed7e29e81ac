/** Editing zones on the picture by mouse, keyboard and touch. What is copied is a valid param of `scene.zones`. */
import type { Page } from 'playwright-core';
import { type Test, test } from 'tap';
import { zonesSchema } from '../../../src/zones/zone-params.ts';
import { servedZones } from '../../support/page-site.ts';
import { violations } from './axe.ts';
import { blackCamera, blackQuery, frameShown } from './black-camera.ts';
import { needsBrowser, type OpenOptions, waitOptions } from './open-console.ts';
import { openWith } from './open-with.ts';

interface JsonZone {
  readonly name: string;
  readonly area?: readonly (readonly [number, number])[];
  readonly line?: readonly (readonly [number, number])[];
}

/** Opens the editor. `at` gives the place of a point on the page, and `zones` what would be copied. */
async function openEditor(t: Test, options: OpenOptions = {}) {
  const opened = await openWith(t, () => ({}), { before: blackCamera, query: blackQuery, ...options });
  const { page } = opened;
  await frameShown(page, 1);
  await page.getByRole('button', { name: 'Edit zones' }).click();
  const box = await page.locator('#zones').boundingBox();
  if (box === null) throw new Error('the picture is not visible');
  const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  return { ...opened, at, zones: () => zonesOf(page) };
}

async function zonesOf(page: Page): Promise<readonly JsonZone[]> {
  const json = await page.locator('#zone-json').inputValue();
  return JSON.parse(json) as readonly JsonZone[];
}

/** Whether points are where they were meant to be: a click has whole pixels. */
function isNear(
  points: readonly (readonly [number, number])[] | undefined,
  expected: readonly (readonly [number, number])[],
) {
  return (
    points?.length === expected.length &&
    points.every(([x, y], index) => Math.hypot(x - (expected[index]?.[0] ?? 9), y - (expected[index]?.[1] ?? 9)) < 0.01)
  );
}

const triangle = [
  [0.6, 0.1],
  [0.9, 0.1],
  [0.9, 0.4],
] as const;

test('zones are drawn with the mouse, and copied as the param of scene.zones', needsBrowser, async (t) => {
  const { page, at, zones, issues } = await openEditor(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  t.strictSame(await zones(), servedZones);
  await page.getByRole('button', { name: 'Draw area' }).click();
  for (const [x, y] of triangle) await page.mouse.click(...at(x, y));
  t.equal((await zones()).length, 2, 'it is not closed yet');
  await page.mouse.click(...at(...triangle[0]));
  await page.getByRole('button', { name: 'Draw area' }).click();
  for (const [x, y] of [
    [0.6, 0.5],
    [0.9, 0.5],
  ] as const)
    await page.mouse.click(...at(x, y));
  await page.mouse.dblclick(...at(0.9, 0.7));
  await page.getByRole('button', { name: 'Draw line' }).click();
  await page.mouse.click(...at(0.1, 0.6));
  await page.mouse.click(...at(0.4, 0.7));
  const drawn = await zones();
  t.strictSame(
    drawn.map(({ name }) => name),
    ['yard', 'gate', 'area-1', 'area-2', 'line-1'],
  );
  t.ok(isNear(drawn[2]?.area, triangle), 'closed by a click on the first point');
  t.ok(
    isNear(drawn[3]?.area, [
      [0.6, 0.5],
      [0.9, 0.5],
      [0.9, 0.7],
    ]),
    'closed by a double click',
  );
  await page.getByRole('button', { name: 'Flip the direction of line-1' }).click();
  t.ok(
    isNear((await zones())[4]?.line, [
      [0.4, 0.7],
      [0.1, 0.6],
    ]),
    'flipped',
  );
  await page.getByRole('button', { name: 'Copy as JSON' }).click();
  await page.getByText('Copied', { exact: true }).first().waitFor(waitOptions);
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  t.strictSame(copied, await zones());
  t.strictSame(copied.slice(0, 2), servedZones, 'zones that were not touched keep all their keys');
  t.equal(zonesSchema.safeParse(copied).success, true, 'scene.zones accepts it');
  for (const [x, y] of copied.flatMap((zone: JsonZone) => zone.area ?? zone.line)) {
    t.ok(String(x).length <= 6 && String(y).length <= 6, `four digits: ${x} ${y}`);
  }
  t.strictSame(issues, []);
});

test('points are dragged, added and removed; changes are undone; Escape takes back', needsBrowser, async (t) => {
  const { page, at, zones, issues } = await openEditor(t);
  const drag = async (from: [number, number], ...to: [number, number][]) => {
    await page.mouse.move(...from);
    await page.mouse.down();
    for (const place of to) await page.mouse.move(...place);
  };
  await page.mouse.click(...at(0.3, 0.3));
  await drag(at(0.5, 0.5), at(0.55, 0.5), at(0.6, 0.6));
  await page.mouse.up();
  t.ok(
    isNear((await zones())[0]?.area, [
      [0.1, 0.1],
      [0.5, 0.1],
      [0.6, 0.6],
      [0.1, 0.5],
    ]),
    'a corner',
  );
  await drag(at(0.3, 0.1), at(0.3, 0.05), at(0.3, 0.02));
  await page.mouse.up();
  t.ok(
    isNear((await zones())[0]?.area, [
      [0.1, 0.1],
      [0.3, 0.02],
      [0.5, 0.1],
      [0.6, 0.6],
      [0.1, 0.5],
    ]),
    'a new corner',
  );
  await page.mouse.dblclick(...at(0.3, 0.02));
  t.ok(
    isNear((await zones())[0]?.area, [
      [0.1, 0.1],
      [0.5, 0.1],
      [0.6, 0.6],
      [0.1, 0.5],
    ]),
    'it is removed',
  );
  await drag(at(0.5, 0.8), at(0.5, 0.85), at(0.5, 0.9));
  await page.mouse.up();
  t.ok(
    isNear((await zones())[1]?.line, [
      [0.2, 0.9],
      [0.8, 0.9],
    ]),
    'a whole line',
  );
  const before = await zones();
  await drag(at(0.2, 0.9), at(0.3, 0.5), at(0.4, 0.2));
  t.notSame(await zones(), before);
  await page.keyboard.press('Escape');
  t.strictSame(await zones(), before, 'the movement is taken back');
  await page.mouse.up();
  const undo = page.getByRole('button', { name: 'Undo' });
  while (await undo.isEnabled()) await undo.click();
  t.strictSame(await zones(), servedZones);
  await page.getByRole('button', { name: 'Draw line' }).click();
  await page.mouse.click(...at(0.1, 0.6));
  await page.keyboard.press('Escape');
  await page.mouse.click(...at(0.9, 0.9));
  t.strictSame(await zones(), servedZones, 'a draft is canceled');
  t.strictSame(issues, []);
});

test('names are unique; edits stay while they are not in the pipeline', needsBrowser, async (t) => {
  const { page, zones, issues } = await openEditor(t);
  const name = page.getByRole('textbox', { name: 'Name of the zone' }).first();
  await name.fill('gate');
  await page.getByRole('alert').filter({ hasText: 'Another zone is called “gate”.' }).waitFor(waitOptions);
  t.equal((await zones())[0]?.name, 'yard');
  await name.fill('Lot <b>7</b>');
  await name.press('Enter');
  t.equal((await zones())[0]?.name, 'Lot <b>7</b>');
  t.equal(await page.locator('#zones text').first().textContent(), 'Lot <b>7</b>');
  await name.fill('other');
  await name.press('Escape');
  t.equal((await zones())[0]?.name, 'Lot <b>7</b>', 'Escape takes the name back');
  await page.getByRole('button', { name: 'Delete gate' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  t.strictSame(
    await page.locator('#zones text').allTextContents(),
    ['yard · 0', 'gate · in 0, out 0'],
    'what the gateway has',
  );
  await page.getByRole('button', { name: 'Edit zones (not saved)' }).click();
  t.strictSame(
    (await zones()).map((zone) => zone.name),
    ['Lot <b>7</b>'],
  );
  await page.getByLabel('Pipeline').selectOption('test');
  t.strictSame(await zones(), [], 'another pipeline has zones of its own');
  t.strictSame(issues, []);
});

test('a reload of the gateway keeps edits that it does not have', needsBrowser, async (t) => {
  const { page, zones } = await openEditor(t);
  await page.getByRole('button', { name: 'Delete yard' }).click();
  const json = (body: object) => ({ contentType: 'application/json', body: JSON.stringify(body) });
  const pool = { size: 1, ready: 1, sessions: 1 };
  const ready = { ready: true, degraded: false, draining: false, generation: 2, pool, setups: [] };
  const pipelines = [{ id: 'scene', name: 'reloaded', description: '', zones: [{ ...servedZones[1], name: 'ramp' }] }];
  await page.route('**/pipelines', (route) => route.fulfill(json({ pipelines })));
  await page.route('**/readyz', (route) => route.fulfill(json(ready)));
  await page.locator('#pipeline option', { hasText: 'reloaded' }).waitFor({ ...waitOptions, state: 'attached' });
  t.strictSame(await zones(), servedZones.slice(1));
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('#zones text', { hasText: 'ramp' }).waitFor(waitOptions);
});

test('zones are drawn and changed with the keyboard only', needsBrowser, async (t) => {
  const { page, zones, issues } = await openEditor(t);
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  // The button has the focus, and then the picture.
  await press(
    'Enter',
    ' ',
    'Shift+ArrowRight',
    ' ',
    'Shift+ArrowDown',
    'Enter',
    ' ',
    'ArrowLeft',
    'Backspace',
    ' ',
    'Enter',
  );
  t.ok(
    isNear((await zones())[2]?.area, [
      [0.5, 0.5],
      [0.55, 0.5],
      [0.545, 0.55],
    ]),
    'an area',
  );
  await press('Tab');
  t.match(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), /^area-1, point 1 of 3/);
  await press('ArrowUp', 'ArrowUp', 'Shift+ArrowLeft');
  t.ok(isNear((await zones())[2]?.area?.slice(0, 1), [[0.45, 0.49]]), 'a point');
  await press('Delete');
  t.equal((await zones())[2]?.area?.length, 3, 'an area keeps three points');
  await press('Control+z');
  t.ok(isNear((await zones())[2]?.area?.slice(0, 1), [[0.5, 0.5]]), 'the movement is undone at once');
  await page.getByRole('button', { name: 'Draw line' }).focus();
  await press('Enter', ' ', 'Shift+ArrowUp', ' ');
  t.ok(
    isNear((await zones())[3]?.line, [
      [0.5, 0.5],
      [0.5, 0.45],
    ]),
    'a line',
  );
  t.strictSame(issues, []);
});

test('zones are drawn and dragged by touch, on a phone', needsBrowser, async (t) => {
  const viewport = { width: 360, height: 800 };
  const { page, at, zones, issues } = await openEditor(t, { viewport, hasTouch: true, isMobile: true });
  await page.getByRole('button', { name: 'Draw area' }).tap();
  for (const [x, y] of triangle) await page.touchscreen.tap(...at(x, y));
  await page.touchscreen.tap(...at(...triangle[0]));
  t.ok(isNear((await zones())[2]?.area, triangle));
  await page.getByRole('button', { name: 'Draw line' }).tap();
  await page.touchscreen.tap(...at(0.2, 0.2));
  await page.getByRole('button', { name: 'Undo' }).tap();
  await page.touchscreen.tap(...at(0.2, 0.3));
  await page.getByRole('button', { name: 'Draw line' }).tap();
  await page.touchscreen.tap(...at(0.75, 0.2));
  t.equal((await zones()).length, 3, 'without keys, a draft loses its last point, and is canceled, too');
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: [number, number][]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
  await touch('touchStart', at(0.9, 0.4));
  await touch('touchMove', at(0.85, 0.5));
  await touch('touchMove', at(0.8, 0.6));
  await touch('touchEnd');
  t.ok(isNear((await zones())[2]?.area, [...triangle.slice(0, 2), [0.8, 0.6]]), 'dragged, and the page did not scroll');
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  t.equal(excess, 0, 'nothing is wider than the page');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    t.strictSame(await violations(page), [], colorScheme);
  }
  t.strictSame(issues, []);
});
