/** The servers of the benchmark suite start, report about themselves, and stop. */
import { test } from 'tap';
import { startServer } from '../../bench/suite/server.ts';

test('the gateway reports its startup time and event loop delay', async (t) => {
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
