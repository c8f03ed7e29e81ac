/** Accessibility: axe-core violations, keyboard operation, reduced motion, small screens. */
import tap, { test } from 'tap';
import { fixtureModels, shippedModels, startGateway } from '../../support/gateway.ts';
import { violations } from './axe.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

/** The narrowest screen of WCAG 2.2, 1.4.10. */
const phone = { width: 320, height: 640 };
const desktop = { width: 1440, height: 900 };

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, viewport] of [
    ['phone', phone],
    ['desktop', desktop],
  ] as const) {
    test(`axe-core finds no violations: ${colorScheme}, ${name}`, needsBrowser, async (t) => {
      // Send few frames, to leave the CPU to axe-core.
      const { page, texts } = await openConsole(t, `${gateway.httpUrl}/?fps=5`, { colorScheme, viewport });
      await texts(1);
      t.strictSame(await violations(page), [], 'while running');
      t.ok(
        (await page.evaluate(() => document.documentElement.scrollWidth)) <= viewport.width,
        'no horizontal overflow',
      );
      await page.goto(`${gateway.httpUrl}/?pipeline=${'very-long-name-'.repeat(8)}`);
      await page.getByText('This pipeline does not exist').waitFor(waitOptions);
      t.strictSame(await violations(page), [], 'with an error');
      t.ok(
        (await page.evaluate(() => document.documentElement.scrollWidth)) <= viewport.width,
        'no horizontal overflow',
      );
    });
  }
}

test('what matters is in view without scrolling', needsBrowser, async (t) => {
  const fixtures = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
  t.teardown(() => fixtures.kill());
  const { page } = await openConsole(t, `${fixtures.httpUrl}/?pipeline=echo&fps=5`);
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  for (const [width, height, ids] of [
    [1280, 800, ['picture', 'toggle', 'adapt', 'trip-now', 'chart', 'times']],
    [844, 390, ['picture', 'toggle', 'pipeline', 'fps', 'quality', 'adapt']],
    [390, 844, ['picture', 'toggle', 'pipeline', 'fps', 'quality', 'adapt']],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const id of ids) {
      const box = await page.locator(`#${id}`).boundingBox();
      t.ok(box && box.y >= 0 && box.y + box.height <= height, `${width}×${height}: #${id}`);
    }
  }
});

test('every control can be reached and operated by keyboard', needsBrowser, async (t) => {
  const fixtures = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
  t.teardown(() => fixtures.kill());
  const { page } = await openConsole(t, `${fixtures.httpUrl}/?pipeline=echo`);
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  // Disabled, and not reachable, until the page shows the first reply.
  await page.locator('#reply-copy:enabled').waitFor(waitOptions);
  const visited: string[] = [];
  for (let stop = 0; stop < 20; stop++) {
    await page.keyboard.press('Tab');
    const { name, isOutlined } = await page.evaluate(() => {
      const focused = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      const isVisible = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
      return { name: focused.id || focused.dataset['source'] || focused.tagName, isOutlined: isVisible };
    });
    if (name === 'BODY') break;
    visited.push(name);
    if (name !== 'A') t.ok(isOutlined, `the focus on ${name} is visible`);
  }
  const controls = [
    'A',
    'A',
    'A',
    'zones-edit',
    'sample',
    'camera',
    'video',
    'picture',
    'toggle',
    'pipeline',
    'fps',
    'quality',
    'adapt',
  ];
  const copies = ['copy-camera', 'copy-script', 'copy-image'];
  t.strictSame(visited, [...controls, ...copies, 'SUMMARY', 'reply-copy', 'reply-download']);

  await page.locator('#toggle').focus();
  await page.keyboard.press('Enter');
  await page.getByText('Paused', { exact: true }).waitFor(waitOptions);
  await page.keyboard.press('Space');
  await page.getByText('Connected', { exact: true }).waitFor(waitOptions);
  await page.locator('#fps').focus();
  await page.keyboard.press('ArrowLeft');
  t.equal(await page.locator('#fps-value').textContent(), '29 fps');
  await page.locator('#adapt').focus();
  await page.keyboard.press('Space');
  await page.waitForFunction(() => location.search.includes('adapt=off'), null, waitOptions);
  await page.locator('#pipeline').focus();
  await page.keyboard.type('failing');
  await page.getByText('The pipeline failed').waitFor(waitOptions);
});

test('with reduced motion, nothing runs until Start is pressed', needsBrowser, async (t) => {
  const { page, issues, texts } = await openConsole(t, gateway.httpUrl, { reducedMotion: 'reduce' });
  await page.getByText('Ready', { exact: true }).waitFor(waitOptions);
  await page.waitForTimeout(700);
  t.equal(await page.locator('#caption').textContent(), '');
  await page.getByRole('button', { name: 'Start' }).click();
  t.ok((await texts(1)).length > 0);
  t.strictSame(issues, []);
});

test('a hidden page holds no session and resumes when visible', needsBrowser, async (t) => {
  const { page, texts } = await openConsole(t, gateway.httpUrl);
  await texts(1);
  const show = (state: 'hidden' | 'visible') =>
    page.evaluate((now) => {
      Object.defineProperty(document, 'visibilityState', { value: now, configurable: true });
      Object.defineProperty(document, 'hidden', { value: now === 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await show('hidden');
  await page.getByText('Paused while hidden').waitFor(waitOptions);
  const { pool } = (await (await fetch(`${gateway.httpUrl}/readyz`)).json()) as { pool: { sessions: number } };
  t.equal(pool.sessions, 0);
  await show('visible');
  await page.getByText('Connected', { exact: true }).waitFor(waitOptions);
});
