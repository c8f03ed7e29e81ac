/** How long a pool may have no ready worker. */
import { test } from 'tap';
import { ReadyWatch } from '../../../src/cli/ready-watch.ts';

/** Checks once per second a pool with these numbers of ready workers. @returns the second in which it gave up. */
function gaveUpAt(readyAt: (second: number) => number, seconds: number): number | undefined {
  let second = 0;
  let at: number | undefined;
  const watch = new ReadyWatch({
    ready: () => readyAt(second),
    maxUnreadyMs: 10_000,
    onTimeout: () => {
      at ??= second;
    },
  });
  for (; second < seconds; second++) watch.check(second * 1000);
  return at;
}

test('it gives up after the maximum time without a worker, and not before', async (t) => {
  t.equal(
    gaveUpAt((second) => (second < 5 ? 2 : 0), 60),
    15,
  );
  t.equal(
    gaveUpAt((second) => (second < 5 || second >= 14 ? 1 : 0), 60),
    undefined,
  );
  t.equal(
    gaveUpAt(() => 1, 60),
    undefined,
  );
});

test('workers that exit as soon as they are ready do not count', async (t) => {
  t.equal(
    gaveUpAt((second) => (second % 3 === 2 ? 1 : 0), 60),
    10,
  );
  t.equal(
    gaveUpAt((second) => (second % 20 >= 15 ? 1 : 0), 60),
    10,
  );
  t.equal(
    gaveUpAt((second) => (second % 10 >= 5 ? 1 : 0), 60),
    undefined,
    'workers that stay for a moment count',
  );
});
