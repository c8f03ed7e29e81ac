/** What the console says when the gateway refuses, fails, is full or is gone, and how it comes back. */
import tap, { test } from 'tap';
import { type StreamErrorCode, streamErrors } from '../../../src/errors.ts';
import { encodeError } from '../../../src/protocol.ts';
import { wordsOfStream } from '../../../src/web/trouble.ts';
import { startFakeGateway } from '../../support/fake-gateway.ts';
import { freePort } from '../../support/free-port.ts';
import { fixtureModels, startGateway } from '../../support/gateway.ts';
import { serveConsole } from '../../support/page-site.ts';
import { needsBrowser, openConsole, patience } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const codes = Object.keys(streamErrors) as StreamErrorCode[];

test(
  'every error of the contract is told in words, with what the gateway said and a way on',
  needsBrowser,
  async (t) => {
    let code: StreamErrorCode = 'internal_error';
    const fake = await startFakeGateway(t, {
      serve: serveConsole,
      frame: ({ socket }) => {
        socket.send(encodeError(code, streamErrors[code].detail));
        socket.close(streamErrors[code].closeCode);
      },
    });
    const { page, issues } = await openConsole(t, `http://127.0.0.1:${fake.port}/`);
    for (code of codes) {
      await page.locator('#notice-detail', { hasText: `${code}: ${streamErrors[code].detail}` }).waitFor(patience);
      const { title, advice } = wordsOfStream(code);
      t.equal(await page.locator('#notice-title').textContent(), title);
      t.equal(await page.locator('#notice-advice').textContent(), advice);
      t.ok(await page.locator('#reconnect').isVisible());
      // The code of the next round is in place before this click leads to a new session.
      code = codes[(codes.indexOf(code) + 1) % codes.length] as StreamErrorCode;
      await page.locator('#reconnect').click();
    }
    t.strictSame(issues, []);
  },
);

test('a pipeline that is not there stays in the list, and another one helps', needsBrowser, async (t) => {
  const { page } = await openConsole(t, `${gateway.httpUrl}/?pipeline=nowhere`);
  await page.getByText('Unknown pipeline_id: nowhere').waitFor(patience);
  t.equal(await page.locator('#connection-text').textContent(), 'Disconnected');
  t.equal(await page.locator('#toggle').textContent(), 'Start');
  await page.getByLabel('Pipeline').selectOption('echo');
  await page.locator('#caption', { hasText: 'frame' }).waitFor(patience);
  t.equal(await page.locator('#toggle').textContent(), 'Pause');
  t.equal(await page.locator('#notice').isVisible(), false);
});

test('a peer that is no gateway', needsBrowser, async (t) => {
  const fake = await startFakeGateway(t, { serve: serveConsole, opened: (socket) => socket.send('hello') });
  const { page } = await openConsole(t, `http://127.0.0.1:${fake.port}/`);
  await page.getByText('What answers is no gateway').waitFor(patience);
});

test('a gateway that is gone is told with a countdown, and found again by itself', needsBrowser, async (t) => {
  const PORT = String(await freePort());
  const first = await startGateway({ PORT, MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
  t.teardown(() => first.kill());
  const { page } = await openConsole(t, `${first.httpUrl}/?pipeline=echo`);
  await page.locator('#caption', { hasText: 'frame' }).waitFor(patience);
  await first.kill();
  await page.getByText('The gateway cannot be reached').waitFor(patience);
  await page.getByText(/Next attempt in \d+ s/).waitFor(patience);
  t.equal(await page.locator('#connection').getAttribute('data-state'), 'bad');
  const second = await startGateway({ PORT, MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
  t.teardown(() => second.kill());
  await page.locator('#notice').waitFor({ state: 'hidden', ...patience });
  t.equal(await page.locator('#connection-text').textContent(), 'Connected');
});

test('a page that is opened before its gateway is back waits for it', needsBrowser, async (t) => {
  let isThere = false;
  const fake = await startFakeGateway(t, {
    serve: (request, response) => {
      if (request.url === '/pipelines' && !isThere) response.destroy();
      else serveConsole(request, response);
    },
    frame: ({ result }) => result(),
  });
  const { page } = await openConsole(t, `http://127.0.0.1:${fake.port}/`);
  await page.getByText('The gateway cannot be reached').waitFor(patience);
  isThere = true;
  await page.locator('#caption', { hasText: 'frame' }).waitFor(patience);
});
