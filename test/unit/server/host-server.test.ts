/** The admin listener of a worker host: health, readiness and metrics, and no frames. */
import { test } from 'tap';
import { needsBroker, startBroker } from '../../support/broker.ts';
import { freePort } from '../../support/free-port.ts';
import { startWorkerHost } from '../../support/worker-host.ts';

test('health, readiness and metrics; neither frames nor pages', needsBroker, async (t) => {
  const broker = await startBroker(t);
  const port = await freePort();
  await startWorkerHost(t, { NATS_URL: broker.url, ADMIN_PORT: String(port) });
  const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
  t.equal((await get('/healthz')).status, 200);
  const ready = await get('/readyz');
  t.equal(ready.status, 200);
  t.match(await ready.json(), { ready: true, pool: { size: 2, ready: 2 } });
  const metrics = await (await get('/metrics')).text();
  t.match(metrics, /^framegate_workers\{[^}]*\} \d+$/m);
  for (const path of ['/', '/sessions', '/cameras']) t.equal((await get(path)).status, 404, path);
  t.equal((await get('/frames?pipeline_id=echo', { method: 'POST', body: 'x' })).status, 404);
});
