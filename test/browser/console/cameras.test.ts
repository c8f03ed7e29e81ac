/** The page Cameras with a real gateway and several clients: it names each problem, stays still under the pointer, and survives a restart. */
import type { Page } from 'playwright-core';
import tap, { type Test, test } from 'tap';
import type { SessionsReply } from '../../../src/status.ts';
import { startGateway } from '../../support/gateway.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { openSession, sessionsReply } from '../../support/session-statuses.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { violations } from './axe.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const gateway = await startGateway();
tap.teardown(() => gateway.kill());
const address = `${gateway.httpUrl}/cameras`;
const frame = encodeGradient(64, 48);
const frameIntervalMs = 200;

/** A client that sends frames until it is stopped or its connection ends. */
async function camera(t: Test, name: string) {
  const client = await StreamClient.open(`${gateway.streamUrl('echo')}&camera=${encodeURIComponent(name)}`);
  const timer = setInterval(() => client.send(frame), frameIntervalMs);
  const stop = () => clearInterval(timer);
  client.socket.once('close', stop);
  t.teardown(() => {
    stop();
    client.socket.terminate();
  });
  return { client, stop };
}

const rowOf = (page: Page, name: string) =>
  page.locator('#rows tr:not(.details)').filter({ has: page.getByRole('button', { name, exact: true }) });

/** Answers the page's requests for sessions from now on, so the page is opened again; the status is 404 without a reply. */
async function serveSessions(page: Page, reply: () => SessionsReply | undefined): Promise<void> {
  await page.route('**/sessions', (route) => {
    const body = reply();
    return body === undefined ? route.fulfill({ status: 404, body: '{}' }) : route.fulfill({ json: body });
  });
}

test('without cameras, the page says how to name one', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, `${gateway.httpUrl}/?fps=1`);
  await page.getByRole('link', { name: 'Cameras' }).click();
  await page.locator('#snippet-name', { hasText: '&camera=gate-3' }).waitFor(waitOptions);
  t.match(await page.locator('#snippet-name').textContent(), `ws://127.0.0.1:${gateway.port}/ws/video/stream?`);
  t.strictSame(issues, []);
});

test('each problem is named, with its side', needsBrowser, async (t) => {
  await camera(t, 'good');
  const silent = await camera(t, 'silent');
  const deaf = await camera(t, 'deaf');
  await deaf.client.settled();
  deaf.client.socket.pause();
  const bad = await camera(t, 'bad');
  await bad.client.until(() => bad.client.with('result').length > 0);
  bad.client.send(new Uint8Array(10));
  await bad.client.closed();
  const cut = await camera(t, 'cut');
  await cut.client.settled();
  cut.client.socket.terminate();
  await silent.client.until(() => silent.client.with('result').length > 2);
  silent.stop();
  const wrong = await StreamClient.open(`${gateway.streamUrl('nope')}&camera=wrong`);
  await wrong.closed();

  const { page, issues } = await openConsole(t, address);
  const shows = (name: string, text: string) => rowOf(page, name).filter({ hasText: text }).waitFor(waitOptions);
  await shows('bad', 'Camera: Bad frames, not back');
  await camera(t, 'bad');
  await shows('bad', 'Its last session was ended');
  await shows('cut', 'Network: Connection cut, not back');
  await shows('silent', 'Camera: Silent');
  await shows('deaf', 'Camera: Does not read replies');
  await shows('wrong', 'Camera: Refused');
  await shows('wrong', 'refused once, the last time');
  await shows('good', 'OK');
  await page.getByText('5 of 6 cameras have a problem', { exact: true }).first().waitFor(waitOptions);
  t.match(await page.locator('#ended-rows').textContent(), /invalid_frame, Not a valid JPEG image/);
  t.strictSame(issues, []);
});

test('a row keeps its place under the pointer and with the focus', needsBrowser, async (t) => {
  const rates = { a: 0, b: 0.5 };
  const sessions = () =>
    Object.entries(rates).map(([name, rate]) => openSession({ id: name, camera: name, drop_rate: rate }));
  const { page, issues } = await openConsole(t, address);
  await serveSessions(page, () => sessionsReply(sessions()));
  await page.clock.install();
  await page.goto(address);
  const names = () => page.locator('#rows .name button').allTextContents();
  await page.getByRole('button', { name: 'Dropped' }).click();
  t.strictSame(await names(), ['b', 'a']);
  t.equal(await page.getByRole('columnheader', { name: 'Dropped' }).getAttribute('aria-sort'), 'descending');
  await page.getByRole('button', { name: 'a', exact: true }).hover();
  rates.a = 1;
  await rowOf(page, 'a').filter({ hasText: '100 %' }).waitFor(waitOptions);
  await page.getByText('The order stays while').waitFor(waitOptions);
  t.strictSame(await names(), ['b', 'a']);
  await page.getByRole('button', { name: 'a', exact: true }).focus();
  await page.mouse.move(0, 0);
  await page.clock.fastForward(20_000);
  t.strictSame(await names(), ['b', 'a']);
  await page.clock.fastForward(40_000);
  await page.getByText('Sorted again').waitFor(waitOptions);
  t.strictSame(await names(), ['a', 'b'], 'the user has gone');
  t.equal(await page.evaluate(() => document.activeElement?.textContent), 'a', 'the focus moves along');
  await page.getByRole('button', { name: 'Camera', exact: true }).press('Enter');
  await page.getByRole('button', { name: 'Camera', exact: true }).press('Enter');
  t.strictSame(await names(), ['b', 'a'], 'the user sorts at once');
  t.strictSame(issues, []);
});

test('details, filter and copied JSON', needsBrowser, async (t) => {
  const { page, issues } = await openConsole(t, address, { permissions: ['clipboard-read', 'clipboard-write'] });
  await serveSessions(page, () =>
    sessionsReply(['gate-1', 'yard-1'].map((name) => openSession({ id: name, camera: name, unread_bytes: 1234 }))),
  );
  await page.goto(address);
  await page.getByRole('button', { name: 'gate-1' }).press('Enter');
  await page.locator('.details', { hasText: '1,234' }).waitFor(waitOptions);
  await page.getByRole('button', { name: 'Copy JSON' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor(waitOptions);
  t.match(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), { camera: 'gate-1' });
  await page.locator('#filter').fill('yard');
  t.strictSame(await page.locator('#rows .name button').allTextContents(), ['yard-1']);
  t.equal(await page.locator('.details').count(), 0);
  await page.locator('#filter').fill('nothing');
  await page.getByText('No camera matches the filter.').waitFor(waitOptions);
  t.strictSame(issues, []);
});

test('the live region tells only when the number of problems changes', needsBrowser, async (t) => {
  const problem = { code: 'silent_camera', side: 'camera', text: 'No frame for 9 s.' } as const;
  let sessions = [openSession({ id: 'a', camera: 'a' })];
  const { page } = await openConsole(t, address);
  await serveSessions(page, () => sessionsReply(sessions));
  await page.goto(address);
  const status = page.locator('#problem-status');
  await page.getByText('The camera is OK').waitFor(waitOptions);
  t.equal(await status.textContent(), '');
  sessions = [openSession({ id: 'a', camera: 'a', problem })];
  await status.filter({ hasText: '1 of 1 camera has a problem' }).waitFor({ ...waitOptions, state: 'attached' });
  sessions = [...sessions, openSession({ id: 'b', camera: 'b' })];
  await page.getByText('1 of 2 cameras has a problem').waitFor(waitOptions);
  t.equal(await status.textContent(), '1 of 1 camera has a problem');
  t.equal(await page.title(), '(1) framegate cameras');
});

test(
  'a gateway that cannot be reached or does not list sessions is explained, and the page recovers',
  needsBrowser,
  async (t) => {
    let reply: SessionsReply | undefined;
    const { page } = await openConsole(t, address);
    await serveSessions(page, () => reply);
    await page.goto(address);
    await page.getByText('Sessions are not listed at this address').waitFor(waitOptions);
    reply = sessionsReply([openSession()]);
    await rowOf(page, 'gate-3').waitFor(waitOptions);
    t.notOk(await page.locator('#failure').isVisible());
    await page.unroute('**/sessions');
    await page.route('**/sessions', (route) => route.abort());
    await page.getByText('The gateway cannot be reached').waitFor(waitOptions);
    t.ok(await rowOf(page, 'gate-3').isVisible(), 'the last list stays');
    await page.unroute('**/sessions');
    await page.getByText('Live', { exact: true }).waitFor(waitOptions);
  },
);

test('a hidden page asks for nothing', needsBrowser, async (t) => {
  let requests = 0;
  const { page } = await openConsole(t, address);
  await serveSessions(page, () => {
    requests += 1;
    return sessionsReply([openSession()]);
  });
  await page.goto(address);
  await rowOf(page, 'gate-3').waitFor(waitOptions);
  const show = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await show(true);
  // A request that was on its way may still arrive.
  await page.waitForTimeout(500);
  const before = requests;
  await page.waitForTimeout(2500);
  t.equal(requests, before);
  await show(false);
  await page.waitForRequest('**/sessions', waitOptions);
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [320, 640],
    [844, 390],
    [1440, 900],
  ] as const) {
    test(`axe-core finds no violations: ${colorScheme}, ${width}×${height}`, needsBrowser, async (t) => {
      const problem = {
        code: 'silent_camera',
        side: 'camera',
        text: 'No frame for 9 s; it usually sends 10.',
      } as const;
      const { page, issues } = await openConsole(t, address, { colorScheme, viewport: { width, height } });
      const long = 'very-long-name-'.repeat(4);
      const sessions = [openSession({ problem }), openSession({ id: 'b', camera: long })];
      await serveSessions(page, () => ({ ...sessionsReply(sessions), ended: [] }));
      await page.goto(address);
      await page.getByRole('button', { name: 'gate-3' }).click();
      t.strictSame(await violations(page), []);
      t.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, 'no horizontal overflow');
      t.strictSame(issues, []);
    });
  }
}
