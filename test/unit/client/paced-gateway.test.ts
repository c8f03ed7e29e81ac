/** Paced clients before a simulated gateway, for minutes of its time: rates, drops, recovery, fairness. */
import fc from 'fast-check';
import { test } from 'tap';
import { jainIndex } from '../../support/camera-simulation.ts';
import { dropRate, type PacedScene, ratePerSecond, simulatePaced } from '../../support/paced-simulation.ts';

const cameraFps = 30;
/** From when on the figures must hold. */
const settledMs = 5000;
const durationMs = 60_000;
/** Within this the full rate must be back. */
const recoveryMs = 10_000;

interface Gateway {
  readonly workers: number;
  readonly fps: number;
  /** Part by which a frame's service differs from the mean. */
  readonly spread: number;
  /** Round trip of an empty message, as a part of a frame's service. */
  readonly way: number;
}

function sceneOf({ workers, fps, spread, way }: Gateway, seed = 1): PacedScene {
  const meanMs = (1000 * workers) / fps;
  return {
    cameras: [{ fps: cameraFps }],
    workers: () => workers,
    serviceMs: (_nowMs, random) => meanMs * (1 + spread * (2 * random() - 1)),
    oneWayMs: (random) => (meanMs * way * (0.9 + 0.2 * random())) / 2,
    durationMs,
    seed,
  };
}

/** Answered frames as a part of what the camera and the gateway could do, and the drop rate. */
function figuresOf(gateway: Gateway, seed?: number): { answered: number; dropped: number } {
  const [tally] = simulatePaced(sceneOf(gateway, seed));
  if (tally === undefined) throw new Error('there is one camera');
  const possible = Math.min(cameraFps, gateway.fps);
  return {
    answered: ratePerSecond(tally.resultMs, settledMs, durationMs) / possible,
    dropped: dropRate(tally, settledMs, durationMs),
  };
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

test('a camera at 30 fps before a gateway for 10: 90 % of its capacity, less than 10 % dropped', async (t) => {
  for (const workers of [1, 2, 4]) {
    const { answered, dropped } = figuresOf({ workers, fps: 10, spread: 0.1, way: 0.05 });
    t.comment(`${workers} workers: ${(100 * answered).toFixed(1)} % answered, ${(100 * dropped).toFixed(1)} % dropped`);
    t.ok(answered >= 0.9 && dropped < 0.1);
  }
});

test('the same for any capacity from 5 to 60 fps and any number of workers, on a short way', async (t) => {
  const gateways = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    fps: fc.double({ min: 5, max: 60, noNaN: true }),
    spread: fc.double({ min: 0, max: 0.1, noNaN: true }),
    way: fc.double({ min: 0, max: 0.05, noNaN: true }),
  });
  fc.assert(
    fc.property(gateways, seeds, (gateway, seed) => {
      const { answered, dropped } = figuresOf(gateway, seed);
      return answered >= 0.9 && dropped < 0.1;
    }),
    { numRuns: 150 },
  );
  t.pass('150 gateways');
});

test('a far gateway and an uneven one: no more is dropped, and more answered than one frame at a time would give', async (t) => {
  const gateways = fc.record({
    workers: fc.integer({ min: 1, max: 6 }),
    fps: fc.double({ min: 5, max: 60, noNaN: true }),
    spread: fc.double({ min: 0, max: 0.5, noNaN: true }),
    way: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(gateways, seeds, (gateway, seed) => {
      const { answered, dropped } = figuresOf(gateway, seed);
      // The camera's next picture may be an interval away when the result is here.
      const meanMs = (1000 * gateway.workers) / gateway.fps;
      const oneByOneFps = 1000 / (meanMs * (1 + gateway.way) + 1000 / cameraFps);
      return dropped < 0.1 && answered * Math.min(cameraFps, gateway.fps) >= 0.85 * oneByOneFps;
    }),
    { numRuns: 150 },
  );
  t.pass('150 gateways');
});

test('the full rate is back within 10 s once the capacity is', async (t) => {
  const changes = fc.record({
    workers: fc.integer({ min: 0, max: 2 }),
    slowMs: fc.integer({ min: 60, max: 400 }),
    lastsMs: fc.integer({ min: 1000, max: 20_000 }),
  });
  fc.assert(
    fc.property(changes, seeds, ({ workers, slowMs, lastsMs }, seed) => {
      const isBad = (nowMs: number) => nowMs >= 10_000 && nowMs < 10_000 + lastsMs;
      const [tally] = simulatePaced({
        cameras: [{ fps: cameraFps }],
        workers: (nowMs) => (isBad(nowMs) ? workers : 4),
        serviceMs: (nowMs) => (isBad(nowMs) ? slowMs : 60),
        oneWayMs: () => 1,
        durationMs: 45_000,
        seed,
      });
      const fromMs = 10_000 + lastsMs + recoveryMs;
      return ratePerSecond(tally?.resultMs ?? [], fromMs, fromMs + 5000) >= 0.97 * cameraFps;
    }),
    { numRuns: 150 },
  );
  t.pass('150 changes');
});

test('a slow uplink is not filled with frames that grow old on it', async (t) => {
  for (const [uploadMs, serviceMs] of [
    [400, 50],
    [200, 100],
    [100, 20],
  ] as const) {
    const [tally] = simulatePaced({
      cameras: [{ fps: cameraFps }],
      workers: () => 2,
      serviceMs: () => serviceMs,
      oneWayMs: () => 10,
      uploadMs,
      durationMs,
    });
    const ages = (tally?.agesMs ?? []).sort((a, b) => a - b);
    const median = ages[ages.length >> 1] ?? 0;
    const best = uploadMs + serviceMs + 20;
    t.comment(`upload ${uploadMs} ms: median age ${median.toFixed(0)} ms, at best ${best}`);
    t.ok(median < 2 * best, `${median} ms`);
    t.ok(ratePerSecond(tally?.resultMs ?? [], settledMs, durationMs) > (0.95 * 1000) / uploadMs);
  }
});

test('many clients share a gateway fairly, most of it is used, and far fewer frames are lost than without pace', async (t) => {
  for (const [clients, workers] of [
    [2, 1],
    [4, 2],
    [8, 2],
    [10, 4],
  ] as const) {
    const scene: PacedScene = {
      cameras: Array.from({ length: clients }, (_, index) => ({ fps: cameraFps, startMs: 7 * index })),
      workers: () => workers,
      serviceMs: (_nowMs, random) => 100 * (0.9 + 0.2 * random()),
      oneWayMs: () => 1,
      durationMs,
    };
    const tallies = simulatePaced(scene);
    const rates = tallies.map((tally) => ratePerSecond(tally.resultMs, settledMs, durationMs));
    const used = rates.reduce((sum, rate) => sum + rate, 0) / (10 * workers);
    const lost = tallies.reduce((sum, tally) => sum + dropRate(tally, settledMs, durationMs), 0) / clients;
    const lostUnpaced = 1 - (10 * workers) / (clients * cameraFps);
    t.comment(
      `${clients} on ${workers}: ${(100 * used).toFixed(0)} % used, ${(100 * lost).toFixed(0)} % lost, unpaced ${(100 * lostUnpaced).toFixed(0)} %`,
    );
    t.ok(used > 0.55);
    t.ok(lost < 0.65 * lostUnpaced);
    t.ok(jainIndex(rates) > 0.97);
  }
});
