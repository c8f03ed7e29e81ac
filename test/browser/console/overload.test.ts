/** An overloaded gateway: figures and backpressure with and without rate adaptation. */
import tap, { test } from 'tap';
import { fixtureModels, startGateway } from '../../support/gateway.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

test('without Adapt most frames are dropped and the gateway asks for fewer', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?pipeline=slow&adapt=off&fps=30`);
  await page.locator('[data-pressure="slow_down"][aria-current]').waitFor(waitOptions);
  await page.waitForFunction(() => Number(document.querySelector('#drop-rate')?.textContent) > 30, null, waitOptions);
  t.ok(Number(await page.locator('#slow-downs').textContent()) > 0);
  t.match(await page.locator('#pressure-words').textContent(), /turn on “Adapt”/);
  t.equal(await page.locator('#allowed-fps').textContent(), '30');
  t.ok((await page.locator('#chart-drops').getAttribute('d'))?.length, 'drops are shown in the chart');
  t.strictSame(issues, []);

  await page
    .getByLabel('Adapt')
    .uncheck({ force: true })
    .catch(() => undefined);
  await page.getByLabel('Adapt').check();
  await page.locator('[data-pressure="reduced"][aria-current]').waitFor(waitOptions);
  t.match(page.url(), /^[^&]*pipeline=slow$/);
  await page.waitForFunction(() => Number(document.querySelector('#drop-rate')?.textContent) < 30, null, waitOptions);
});

test('without Adapt the rate of the slider is kept', needsBrowser, async (t) => {
  const { page } = await openConsole(t, `${gateway.httpUrl}/?pipeline=echo&adapt=off&fps=10`);
  const isNear = (fps: number) =>
    page.waitForFunction(
      (wanted) =>
        Math.abs(Number.parseFloat(document.querySelector('#sent-fps')?.textContent ?? '') - wanted) <= wanted / 4,
      fps,
      waitOptions,
    );
  await isNear(10);
  await page.getByLabel('Rate').fill('4');
  await isNear(4);
  await page.waitForFunction(() => location.search.includes('fps=4'), null, waitOptions);
});
