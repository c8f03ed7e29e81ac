/** Missing workers are reported once they are missing for a while, again if more are lost, and when all are back. */
import { test } from 'tap';
import { PoolHealth } from '../../../src/observe/pool-health.ts';

const size = 3;

test('a quick replacement is not reported', async (t) => {
  const health = new PoolHealth();
  t.equal(health.check({ ready: 2, size }, 0), undefined);
  t.equal(health.check({ ready: 2, size }, 1999), undefined);
  t.equal(health.check({ ready: 3, size }, 2500), undefined);
  t.equal(health.check({ ready: 2, size }, 3000), undefined);
});

test('a loss, a further loss and the recovery are reported once each', async (t) => {
  const health = new PoolHealth();
  const seen = [2, 2, 2, 2, 1, 1, 2, 1, 3, 3].map((ready, second) => health.check({ ready, size }, second * 1000));
  t.strictSame(
    seen.map((change) => change && [change.type, change.durationMs]),
    [
      ...[undefined, undefined, ['degraded', 2000], undefined, ['degraded', 4000], undefined],
      ...[undefined, undefined, ['recovered', 8000], undefined],
    ],
  );
});
