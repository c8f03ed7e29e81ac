/** Error messages of the console, and how it reconnects. */
import tap, { test } from 'tap';
import { type StreamErrorCode, streamErrors } from '../../../src/errors.ts';
import { encodeError } from '../../../src/protocol.ts';
import { streamErrorMessage } from '../../../src/web/error-messages.ts';
import { startFakeGateway } from '../../support/fake-gateway.ts';
import { freePort } from '../../support/free-port.ts';
import { fixtureModels, startGateway } from '../../support/gateway.ts';
import { serveConsole } from '../../support/page-site.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const codes = Object.keys(streamErrors) as StreamErrorCode[];

test(
  'every protocol error is shown with a message, the detail from the gateway and a Reconnect button',
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
      await page.locator('#notice-detail', { hasText: `${code}: ${streamErrors[code].detail}` }).waitFor(waitOptions);
      const { title, advice } = streamErrorMessage(code);
      // The page may be connecting again by itself, and shows the same error after that.
      await page.locator('#notice-title', { hasText: title }).waitFor(waitOptions);
      t.equal(await page.locator('#notice-title').textContent(), title);
      t.equal(await page.locator('#notice-advice').textContent(), advice);
      t.ok(await page.locator('#reconnect').isVisible());
      // Set the next code before the click opens a new session.
      code = codes[(codes.indexOf(code) + 1) % codes.length] as StreamErrorCode;
      await page.locator('#reconnect').click();
    }
    t.strictSame(issues, []);
  },
);

test('an unknown pipeline stays in the list, and choosing another one recovers', needsBrowser, async (t) => {
  const { page } = await openConsole(t, `${gateway.httpUrl}/?pipeline=nowhere`);
  await page.getByText('Unknown pipeline_id: nowhere').waitFor(waitOptions);
  t.equal(await page.locator('#connection-text').textContent(), 'Disconnected');
  t.equal(await page.locator('#toggle').textContent(), 'Start');
  await page.getByLabel('Pipeline').selectOption('echo');
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  t.equal(await page.locator('#toggle').textContent(), 'Pause');
  await page.locator('#notice').waitFor({ ...waitOptions, state: 'hidden' });
});

test('a server that is not a gateway is reported', needsBrowser, async (t) => {
  const fake = await startFakeGateway(t, { serve: serveConsole, opened: (socket) => socket.send('hello') });
  const { page } = await openConsole(t, `http://127.0.0.1:${fake.port}/`);
  await page.getByText('The server is not a framegate gateway').waitFor(waitOptions);
});

test(
  'an unreachable gateway is shown with a countdown, and the console reconnects by itself',
  needsBrowser,
  async (t) => {
    const PORT = String(await freePort());
    const first = await startGateway({ PORT, MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
    t.teardown(() => first.kill());
    const { page } = await openConsole(t, `${first.httpUrl}/?pipeline=echo`);
    await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
    await first.kill();
    await page.getByText('The gateway cannot be reached').waitFor(waitOptions);
    await page.getByText(/Retrying in \d+ s/).waitFor(waitOptions);
    t.equal(await page.locator('#connection').getAttribute('data-state'), 'bad');
    const second = await startGateway({ PORT, MODELS_DIR: fixtureModels, POOL_WORKERS: '1' });
    t.teardown(() => second.kill());
    await page.locator('#notice').waitFor({ state: 'hidden', ...waitOptions });
    t.equal(await page.locator('#connection-text').textContent(), 'Connected');
  },
);

test('a page waits until the gateway lists its pipelines', needsBrowser, async (t) => {
  let isAvailable = false;
  const fake = await startFakeGateway(t, {
    serve: (request, response) => {
      if (request.url === '/pipelines' && !isAvailable) response.destroy();
      else serveConsole(request, response);
    },
    frame: ({ result }) => result(),
  });
  const { page } = await openConsole(t, `http://127.0.0.1:${fake.port}/`);
  await page.getByText('The gateway cannot be reached').waitFor(waitOptions);
  isAvailable = true;
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
});

test('a list of pipelines that never arrives is requested again', needsBrowser, async (t) => {
  let requests = 0;
  const fake = await startFakeGateway(t, {
    serve: (request, response) => {
      if (request.url === '/pipelines') requests += 1;
      if (request.url !== '/pipelines' || requests > 1) serveConsole(request, response);
    },
    frame: ({ result }) => result(),
  });
  const { page } = await openConsole(t, `http://127.0.0.1:${fake.port}/`);
  await page.locator('#caption', { hasText: 'frame' }).waitFor(waitOptions);
  t.equal(requests, 2);
});
