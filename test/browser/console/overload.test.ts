/** A gateway that is too slow: what the figures and the backpressure say, with and without adapting. */
import tap, { test } from 'tap';
import { fixtureModels, startGateway } from '../../support/gateway.ts';
import { needsBrowser, openConsole, patience } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

test('without adapting most frames are dropped, and the gateway asks for fewer', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?pipeline=slow&adapt=off&fps=30`);
  await page.locator('[data-pressure="slow_down"][aria-current]').waitFor(patience);
  await page.waitForFunction(() => Number(document.querySelector('#drop-rate')?.textContent) > 30, null, patience);
  t.ok(Number(await page.locator('#slow-downs').textContent()) > 0);
  t.match(await page.locator('#pressure-words').textContent(), /switch “Adapt” on/);
  t.equal(await page.locator('#allowed-fps').textContent(), '30');
  t.ok((await page.locator('#chart-drops').getAttribute('d'))?.length, 'drops are in the chart');
  t.strictSame(issues, []);

  await page
    .getByLabel('Adapt')
    .uncheck({ force: true })
    .catch(() => undefined);
  await page.getByLabel('Adapt').check();
  await page.locator('[data-pressure="reduced"][aria-current]').waitFor(patience);
  t.match(page.url(), /^[^&]*pipeline=slow$/);
  await page.waitForFunction(() => Number(document.querySelector('#drop-rate')?.textContent) < 30, null, patience);
});

test('the rate of the slider is kept when nothing adapts', needsBrowser, async (t) => {
  const { page } = await openConsole(t, `${gateway.httpUrl}/?pipeline=echo&adapt=off&fps=10`);
  const isNear = (fps: number) =>
    page.waitForFunction(
      (wanted) =>
        Math.abs(Number.parseFloat(document.querySelector('#sent-fps')?.textContent ?? '') - wanted) <= wanted / 4,
      fps,
      patience,
    );
  await isNear(10);
  await page.getByLabel('Rate').fill('4');
  await isNear(4);
  await page.waitForFunction(() => location.search.includes('fps=4'), null, patience);
});
