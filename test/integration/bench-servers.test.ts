/** The servers of the suite start, tell of themselves, and end. */
import { test } from 'tap';
import { startServer } from '../../bench/suite/server.ts';

test('the gateway tells how long it took to be ready, and how late its loop was', async (t) => {
  const server = await startServer('gateway', { env: { POOL_WORKERS: '1' }, watchLoop: true });
  t.teardown(() => server.kill());
  t.match(server.origin, /^ws:\/\/127\.0\.0\.1:\d+$/);
  t.ok(server.startMs !== undefined && server.startMs > 0);
  t.match(await server.stop(), /loop delay p50 \S+ p99 \S+ max \S+/);
});

test('the sink has nothing to load', async (t) => {
  const server = await startServer('uws-sink');
  t.teardown(() => server.kill());
  t.match(server.origin, /^ws:\/\/127\.0\.0\.1:\d+$/);
  t.equal(server.startMs, undefined);
  await server.stop();
});
