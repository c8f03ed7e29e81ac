/** Tracks on the console: numbers, colors, trails, lost ones, settled texts; and what happens when the session ends. */
import { test } from 'tap';
import { trackColor } from '../../../src/web/track-colors.ts';
import type { Arrival } from '../../support/fake-gateway.ts';
import { blackCamera, blackQuery, frameShown, shareOf } from './black-camera.ts';
import { needsBrowser, waitOptions } from './open-console.ts';
import { openWith } from './open-with.ts';

const options = { before: blackCamera, query: blackQuery };
const shape = { w: 40, h: 30, label: 'car' };
const motion = { vx: 0, vy: 0, age_ms: 100 };

/** A car with a track that is at `x`. */
function carAt(id: number, x: number, y = 40) {
  const box = { ...shape, x, y };
  return {
    detection: { ...box, score: 0.9, track_id: id },
    track: { ...box, ...motion, track_id: id, lost_ms: 0 },
  };
}

/** How wide the drawn part of a row of the frame is, in pixels of it: the lower side of a box, and the trail beside it. Runs in the page. */
function drawnWidth(y: number): number {
  const canvas = document.querySelector<HTMLCanvasElement>('#picture');
  const scale = (canvas?.width ?? 0) / 320;
  const data = canvas?.getContext('2d')?.getImageData(0, y * scale, 320 * scale, 1).data ?? [];
  let drawn = 0;
  for (let at = 0; at < data.length; at += 4)
    if ([0, 1, 2].some((channel) => (data[at + channel] ?? 0) > 60)) drawn += 1;
  return drawn / scale;
}

test('a track has a color of its own, and leaves a trail that fades', needsBrowser, async (t) => {
  let isParked = false;
  const { page, issues } = await openWith(
    t,
    ({ index }: Arrival) => {
      // Back and forth, until it parks.
      const { detection, track } = carAt(3, isParked ? 140 : 20 + 48 * Math.abs((index % 10) - 5));
      return { detections: [detection], tracks: [track] };
    },
    options,
  );
  const rowBelow = 70;
  await page.waitForFunction(`(${drawnWidth})(${rowBelow}) > 80`, null, waitOptions);
  t.equal(await page.locator('#legend').isVisible(), true);
  isParked = true;
  await page.waitForFunction(`(${drawnWidth})(${rowBelow}) < 50`, null, waitOptions);
  // The line is two pixels of the page wide, about one of the frame.
  t.ok((await shareOf(page, trackColor(3), [142, 38, 36, 4])) > 0.1, 'the upper side of its box');
  t.equal(await shareOf(page, trackColor(3), [0, 100, 320, 100]), 0, 'nothing elsewhere');
  t.strictSame(issues, []);
});

test('a lost track is dashed, and texts say whether they are settled while they change', needsBrowser, async (t) => {
  const lost = { ...shape, w: 200, x: 60, y: 130, ...motion, track_id: 2, lost_ms: 640 };
  let read = { text: 'A8123', text_score: 0.7, text_reads: 1, text_settled: false };
  const { page, issues } = await openWith(
    t,
    () => {
      const { detection, track } = carAt(12, 50);
      return { detections: [{ ...detection, label: 'plate', ...read }], tracks: [track, lost] };
    },
    options,
  );
  await frameShown(page, 2);
  const dashed = await shareOf(page, trackColor(2), [70, 159, 180, 2]);
  t.ok(dashed > 0.15 && dashed < 0.8, `${dashed} of the lower side of the predicted box`);
  const row = page.locator('#texts li');
  await row.filter({ hasText: '#12 · 70 % · 1 read' }).waitFor(waitOptions);
  t.match(await row.locator('.text').getAttribute('title'), /A8123: may still change/);
  const spoken = page.locator('#found li');
  await spoken.filter({ hasText: '#12 A8123, may change, 70 %' }).waitFor({ ...waitOptions, state: 'attached' });
  read = { text: 'AB123', text_score: 0.98, text_reads: 4, text_settled: true };
  await row.filter({ hasText: '#12 · 98 % · 4 reads' }).waitFor(waitOptions);
  t.strictSame(await row.locator('.text').allTextContents(), ['AB123']);
  t.equal(await row.locator('.text').getAttribute('data-settled'), 'true');
  await spoken.filter({ hasText: '#12 AB123, settled, 98 %' }).waitFor({ ...waitOptions, state: 'attached' });
  t.strictSame(issues, []);
});

test('the trails of a session end with it: the next one has the same numbers', needsBrowser, async (t) => {
  let isSecond = false;
  const { page } = await openWith(
    t,
    ({ connection, index, socket }) => {
      if (connection === 0 && index === 5) socket.terminate();
      isSecond ||= connection > 0;
      const { detection, track } = carAt(1, connection === 0 ? 20 : 240);
      return { detections: [detection], tracks: [track] };
    },
    options,
  );
  // The first frames of the second session.
  await page.waitForFunction(
    () => {
      const canvas = document.querySelector<HTMLCanvasElement>('#picture');
      const scale = (canvas?.width ?? 0) / 320;
      const data = canvas?.getContext('2d')?.getImageData(238 * scale, 45 * scale, 4 * scale, 10 * scale).data ?? [];
      return data.some((value, at) => at % 4 !== 3 && value > 100);
    },
    null,
    waitOptions,
  );
  t.ok(isSecond);
  t.equal(await shareOf(page, trackColor(1), [100, 60, 100, 20]), 0, 'no line from one place to the other');
});

test('a page without tracks is as it was', needsBrowser, async (t) => {
  const { page, issues } = await openWith(t, () => ({ detections: [{ ...shape, x: 60, y: 100, score: 0.9 }] }));
  await frameShown(page, 3);
  for (const id of ['legend', 'zones-card', 'events-card', 'zone-editor']) {
    t.equal(await page.locator(`#${id}`).isVisible(), false, id);
  }
  t.equal(await page.locator('#zones .zone').count(), 0);
  t.strictSame(issues, []);
});
