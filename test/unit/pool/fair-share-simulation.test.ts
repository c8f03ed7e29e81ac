/** Cameras that send at fixed rates share an overloaded pool, whatever their phases. In made-up time. */
import { test } from 'tap';
import {
  type Camera,
  firstCome,
  jainIndex,
  type Scene,
  simulate,
  type Tally,
  totalServed,
} from '../../support/camera-simulation.ts';

const minute = { durationMs: 60_000, settleMs: 5000 };

/** Cameras at ten frames a second that want so many times what the workers can do. */
function equalCameras(count: number, workers: number, overload: number, apartMs: number, jitterMs = 0): Scene {
  const intervalMs = 100;
  const cameras = Array.from({ length: count }, (_, i) => ({ intervalMs, phaseMs: i * apartMs, jitterMs }));
  return { ...minute, cameras, workers, serviceMs: (overload * workers * intervalMs) / count };
}

function served(tallies: readonly Tally[]): number[] {
  return tallies.map((tally) => tally.served);
}

function partServed(tallies: readonly Tally[]): number[] {
  return tallies.map((tally) => tally.served / tally.sent);
}

test('sixteen cameras that send in phase at four times what the pool can do are served alike', async (t) => {
  for (const workers of [1, 2, 4, 8]) {
    const scene = equalCameras(16, workers, 4, 0);
    const shared = simulate(scene);
    const unfair = simulate(scene, firstCome());
    t.ok(jainIndex(served(unfair)) < 0.6, `${workers} workers: first come starves some for ever`);
    t.ok(jainIndex(served(shared)) >= 0.95, `${workers} workers: served ${served(shared)}`);
    t.ok(totalServed(shared) >= 0.9 * totalServed(unfair), `${workers} workers: ${totalServed(shared)} in all`);
  }
});

test('a phase that cameras keep to each other does not decide who is served', async (t) => {
  for (const workers of [1, 2, 4, 8]) {
    for (const apartMs of [0.5, 1, 3, 100 / 16]) {
      const scene = equalCameras(16, workers, 3.9, apartMs);
      const shared = simulate(scene);
      const label = `${workers} workers, ${apartMs} ms apart`;
      t.ok(jainIndex(served(shared)) >= 0.95, `${label}: served ${served(shared)}`);
      // Waiting for the camera whose turn it is leaves a worker idle for a moment, which is what fairness costs here.
      const unfair = totalServed(simulate(scene, firstCome()));
      t.ok(totalServed(shared) >= 0.7 * unfair, `${label}: ${totalServed(shared)} of ${unfair}`);
    }
  }
});

test('cameras that come a little early or late share as well as those that keep time', async (t) => {
  for (const workers of [1, 2, 4]) {
    for (const jitterMs of [5, 15]) {
      const scene = equalCameras(16, workers, 2, 100 / 16, jitterMs);
      const shared = simulate(scene);
      const label = `${workers} workers, ${jitterMs} ms early or late`;
      t.ok(jainIndex(served(shared)) >= 0.95, `${label}: served ${served(shared)}`);
      const unfair = totalServed(simulate(scene, firstCome()));
      t.ok(totalServed(shared) >= 0.6 * unfair, `${label}: ${totalServed(shared)} of ${unfair}`);
    }
  }
});

test('no camera waits many turns', async (t) => {
  for (const apartMs of [0, 3, 100 / 16]) {
    const tallies = simulate(equalCameras(16, 4, 3.9, apartMs));
    const longest = Math.max(...tallies.map((tally) => tally.longestDrought));
    t.ok(longest <= 12, `${apartMs} ms apart: ${longest} frames refused in a row`);
  }
});

test('cameras that a pool can serve are all served in full', async (t) => {
  for (const apartMs of [0, 3, 10, 25]) {
    const tallies = simulate(equalCameras(4, 4, 0.9, apartMs));
    t.same(
      partServed(tallies),
      tallies.map(() => 1),
      `${apartMs} ms apart`,
    );
  }
});

test('slow cameras beside fast ones get most of their frames', async (t) => {
  const fast = Array.from({ length: 4 }, (_, i): Camera => ({ intervalMs: 1000 / 30, phaseMs: i * 8.3 }));
  const slow = Array.from({ length: 4 }, (_, i): Camera => ({ intervalMs: 1000 / 3, phaseMs: i * 83 + 4 }));
  const framesPerSecond = 4 * 30 + 4 * 3;
  for (const workers of [1, 2, 4]) {
    for (const overload of [1.5, 2, 3]) {
      const scene = {
        ...minute,
        cameras: [...fast, ...slow],
        workers,
        serviceMs: (1000 * workers * overload) / framesPerSecond,
      };
      const parts = partServed(simulate(scene));
      const least = Math.min(...parts.slice(4));
      t.ok(least >= 0.8, `${workers} workers, ${overload} times too much: slow cameras get ${parts.slice(4)}`);
      t.ok(jainIndex(parts.slice(0, 4)) >= 0.95, `fast cameras get ${parts.slice(0, 4)}`);
    }
  }
});

test('a camera alone is served in full and never yields, beside sessions that are silent', async (t) => {
  const alone: Camera = { intervalMs: 40, phaseMs: 0 };
  const silent: Camera = { intervalMs: 40, phaseMs: 0, untilMs: 0 };
  const [first] = simulate({ ...minute, cameras: [alone, silent, silent], workers: 2, serviceMs: 39 });
  t.equal(first?.served, first?.sent);
});

test('a camera that stops with its session open does not hold others back for long', async (t) => {
  const camera: Camera = { intervalMs: 100, phaseMs: 0 };
  const stops: Camera = { intervalMs: 100, phaseMs: 5, untilMs: 10_000 };
  const settleMs = 12_000;
  const [staying] = simulate({ ...minute, settleMs, cameras: [camera, stops], workers: 1, serviceMs: 90 });
  t.equal(staying?.served, staying?.sent);
});
