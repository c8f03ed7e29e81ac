/** Above capacity holds shrink by themselves: results stay recent while the workers stay busy. Below capacity they never do. */
import { test } from 'tap';
import {
  camerasOf,
  type Outcome,
  quantile,
  type Scene,
  simulate,
  staggered,
} from '../../support/admission-simulation.ts';

const serviceMs = 15;

function p99Of({ latenciesMs }: Outcome): number {
  return quantile(latenciesMs, 0.99);
}

const staggeredLoads: Record<string, Scene> = {
  '8x30': { cameras: staggered(8, 30) },
  '16x25': { cameras: staggered(16, 25) },
  '256x10': { cameras: staggered(256, 10), settleMs: 5000 },
  '16x25 on four workers': { cameras: staggered(16, 25), workers: 4 },
  '4x60': { cameras: staggered(4, 60) },
};

for (const [name, scene] of Object.entries(staggeredLoads)) {
  test(`staggered cameras above capacity get results at most three service times old: ${name}`, async (t) => {
    const outcome = simulate({ serviceMs, ...scene });
    t.ok(p99Of(outcome) <= 3 * serviceMs, `p99 ${p99Of(outcome)} ms`);
    t.ok(outcome.busy >= 0.97, `busy ${outcome.busy}`);
  });
}

const alignedLoads: Record<string, Scene & { readonly intervalMs: number }> = {
  '16x25': { cameras: camerasOf(16, 25), intervalMs: 40 },
  '256x2': { cameras: camerasOf(256, 2), intervalMs: 500, durationMs: 60_000, settleMs: 5000 },
  '200x1': { cameras: camerasOf(200, 1), intervalMs: 1000, durationMs: 60_000, settleMs: 5000 },
  '80x2': { cameras: camerasOf(80, 2), intervalMs: 500, durationMs: 60_000, settleMs: 5000 },
};

for (const [name, { intervalMs, ...scene }] of Object.entries(alignedLoads)) {
  test(`aligned cameras above capacity keep the workers busy between arrivals: ${name}`, async (t) => {
    const outcome = simulate({ serviceMs, ...scene });
    t.ok(p99Of(outcome) <= intervalMs + 2 * serviceMs, `p99 ${p99Of(outcome)} ms`);
    t.ok(outcome.busy >= 0.97, `busy ${outcome.busy}`);
  });
}

test('slow aligned cameras at half load lose nothing, for minutes', async (t) => {
  for (const [count, fps] of [
    [60, 1],
    [100, 1],
    [25, 4],
    [40, 2],
    [20, 5],
  ] as const) {
    const { served, offered } = simulate({ cameras: camerasOf(count, fps), durationMs: 120_000 });
    t.ok(served >= 0.995 * offered, `${count}x${fps}: ${served} of ${offered}`);
  }
});

test('a single session above capacity keeps the workers busy', async (t) => {
  const outcome = simulate({ cameras: camerasOf(1, 200), serviceMs });
  t.ok(outcome.busy >= 0.97);
  t.ok(p99Of(outcome) <= 3 * serviceMs);
});

test('bursts above capacity: holds last from one burst to the next', async (t) => {
  const { busy } = simulate({ cameras: staggered(16, 60, { burst: 3, jitterMs: 20 }) });
  t.ok(busy >= 0.97, `${busy}`);
});

test('when the load falls below capacity, nothing more is dropped', async (t) => {
  const { cameras } = simulate({
    cameras: [...camerasOf(8, 14), ...camerasOf(8, 30, { untilMs: 10_000 })],
    settleMs: 10_500,
  });
  const stayed = cameras.slice(0, 8);
  const [served, sent] = [
    stayed.reduce((sum, each) => sum + each.served, 0),
    stayed.reduce((sum, each) => sum + each.sent, 0),
  ];
  t.ok(served >= 0.99 * sent, `${served} of ${sent}`);
});

test('p99 stays constant for minutes above capacity, even when full holds are tried again', async (t) => {
  const outcome = simulate({ cameras: staggered(8, 30), durationMs: 180_000, serviceMs });
  t.ok(p99Of(outcome) <= 3 * serviceMs, `p99 ${p99Of(outcome)} ms`);
});
