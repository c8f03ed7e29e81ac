/** The console behind a proxy that serves the gateway under a path prefix. */
import tap, { test } from 'tap';
import { shippedModels, startGateway } from '../../support/gateway.ts';
import { startPrefixProxy } from '../../support/prefix-proxy.ts';
import { needsBrowser, openConsole } from './open-console.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

test('the sample works under the prefix, with no requests outside it', needsBrowser, async (t) => {
  const base = await startPrefixProxy(t, gateway.port);
  const { page, issues, texts } = await openConsole(t, `http://${base}?fps=5`);
  t.ok((await texts(1)).length >= 1);
  t.match(page.url(), `http://${base}`);
  t.strictSame(issues, []);
});
