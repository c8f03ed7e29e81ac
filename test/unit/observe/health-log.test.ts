/** Overload and missing workers become one line at their start and one at their end. */
import { test } from 'tap';
import { HealthLog } from '../../../src/observe/health-log.ts';
import { Observers } from '../../../src/observe/observer.ts';
import { KeptLog } from '../../support/started-pool.ts';

test('logs changes only, and nothing while the gateway stops', async (t) => {
  const kept = new KeptLog();
  const observers = new Observers();
  const pool = { ready: 1, size: 2, timedOut: 1 };
  let isStopping = false;
  const health = new HealthLog({ observers, log: kept.log, poolStatus: () => pool, isStopping: () => isStopping });
  const source = { sessionId: 's', camera: undefined, pipelineId: 'p', address: 'a' };
  const times = { frameIndex: 0, byteLength: 1, replyBytes: 1, validateMs: 0, holdMs: 0, totalMs: 0 };
  for (let frame = 0; frame < 20; frame++) {
    observers.emit('frameEnded', source, { ...times, end: { type: 'dropped', reason: 'busy' } });
  }
  const nowMs = performance.now();
  for (const afterMs of [0, 1000, 2000, 3000]) health.check(nowMs + afterMs);
  t.strictSame(kept.lines, ['overload_start', 'pool_degraded']);
  isStopping = true;
  pool.ready = 2;
  health.check(nowMs + 20_000);
  t.equal(kept.lines.length, 2);
  isStopping = false;
  health.check(nowMs + 20_000);
  t.strictSame(kept.lines.slice(2), ['overload_end', 'pool_recovered']);
});
