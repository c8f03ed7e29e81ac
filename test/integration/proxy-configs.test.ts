/** The proxies accept their configurations in `deploy`. `test/long/proxies.test.ts` runs them. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { settings } from '../../src/settings.ts';
import { checkProxy, needsProxy, proxyNames } from '../support/proxies.ts';

const configs = { haproxy: 'haproxy/haproxy.cfg', nginx: 'nginx/nginx.conf', envoy: 'envoy/envoy.yaml' };

for (const name of proxyNames) {
  test(`${name} accepts ${configs[name]}`, needsProxy(name), async (t) => {
    const { status, output } = checkProxy(t, name);
    t.equal(status, 0, output);
    t.notMatch(output, /warn/i);
  });
}

test('proxies accept bodies up to the frame limit, and admit only the paths of clients', async (t) => {
  for (const path of Object.values(configs)) {
    const text = readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
    t.match(text, /\bframes\b/, path);
    t.notMatch(text, /\/(sessions|metrics)\b/, path);
  }
  const nginx = readFileSync(new URL('../../deploy/nginx/nginx.conf', import.meta.url), 'utf8');
  t.match(nginx, `client_max_body_size ${settings.maxFrameMegabytes.schema.parse(undefined)}m;`);
});
