/** Paced clients before a simulated gateway, for minutes of its time: rates, drops, recovery, fairness. */
import fc from 'fast-check';
import { test } from 'tap';
import { jainIndex } from '../../../src/load/tally.ts';
import {
  dropRate,
  medianAgeMs,
  type PacedScene,
  ratePerSecond,
  simulatePaced,
} from '../../support/paced-simulation.ts';

const cameraFps = 30;
/** From when on the figures must hold. */
const settledMs = 10_000;
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

interface Figures {
  /** Answered frames as a part of what the camera and the gateway could do. */
  readonly answered: number;
  readonly dropped: number;
  /** By how much the median age is above the best possible, as a part of a frame's service. */
  readonly late: number;
}

function figuresOf(gateway: Gateway, seed?: number, scene: Partial<PacedScene> = {}): Figures {
  const tallies = simulatePaced({ ...sceneOf(gateway, seed), ...scene });
  const [tally] = tallies;
  if (tally === undefined) throw new Error('there is one camera');
  const possible = Math.min(cameraFps, gateway.fps);
  const serviceMs = (1000 * gateway.workers) / gateway.fps;
  // Where the camera is quicker, the newest picture is half an interval old when its turn comes.
  const bestMs = serviceMs * (1 + gateway.way) + (gateway.fps < cameraFps ? 500 / cameraFps : 0);
  return {
    answered: ratePerSecond(tally.resultMs, settledMs, durationMs) / possible,
    dropped: dropRate(tallies, settledMs, durationMs),
    late: (medianAgeMs(tallies, settledMs, durationMs) - bestMs) / serviceMs,
  };
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

test('one camera before too slow a gateway: 97 % of its capacity, results hardly older than they must be, few dropped', async (t) => {
  for (const workers of [1, 2, 4]) {
    for (const fps of [10, 20]) {
      const { answered, dropped, late } = figuresOf({ workers, fps, spread: 0.1, way: 0.02 });
      t.comment(
        `${workers} workers for ${fps} fps: ${(100 * answered).toFixed(1)} %, ${(100 * dropped).toFixed(1)} % dropped, ${late.toFixed(2)} services late`,
      );
      t.ok(answered >= 0.97, `${answered}`);
      t.ok(dropped < 0.05, `${dropped}`);
      t.ok(late < 0.5, `${late}`);
    }
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
      const { answered, dropped, late } = figuresOf(gateway, seed);
      return answered >= 0.9 && dropped < 0.1 && late < 1;
    }),
    { numRuns: 150 },
  );
  t.pass('150 gateways');
});

test('a gateway that holds nothing: its capacity is used, less than 15 % dropped', async (t) => {
  for (const workers of [1, 2, 4]) {
    const { answered, dropped } = figuresOf({ workers, fps: 10, spread: 0.1, way: 0.05 }, 1, { maxWaitMs: 0 });
    t.comment(`${workers} workers: ${(100 * answered).toFixed(1)} % answered, ${(100 * dropped).toFixed(1)} % dropped`);
    t.ok(answered >= 0.9 && dropped < 0.15);
  }
});

test('a way that is three times as long for one frame as for another costs little', async (t) => {
  const { answered } = figuresOf({ workers: 2, fps: 25, spread: 0.1, way: 1 }, 1, {
    oneWayMs: (random) => 40 * (0.5 + random()),
  });
  t.ok(answered >= 0.75, `${answered}`);
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

test('many clients share a gateway evenly, nearly all of it is used, and few frames are lost', async (t) => {
  for (const [clients, workers] of [
    [2, 1],
    [4, 2],
    [8, 2],
    [10, 4],
  ] as const) {
    const tallies = simulatePaced({
      cameras: Array.from({ length: clients }, (_, index) => ({ fps: cameraFps, startMs: 7 * index })),
      workers: () => workers,
      serviceMs: (_nowMs, random) => 100 * (0.9 + 0.2 * random()),
      oneWayMs: () => 1,
      durationMs,
    });
    const rates = tallies.map((tally) => ratePerSecond(tally.resultMs, settledMs, durationMs));
    const used = rates.reduce((sum, rate) => sum + rate, 0) / (10 * workers);
    const lost = dropRate(tallies, settledMs, durationMs);
    const ageMs = medianAgeMs(tallies, settledMs, durationMs);
    t.comment(
      `${clients} on ${workers}: ${(100 * used).toFixed(0)} % used, ${(100 * lost).toFixed(1)} % lost, ${ageMs.toFixed(0)} ms old`,
    );
    t.ok(used > 0.9, `${used}`);
    t.ok(lost < 0.05, `${lost}`);
    t.ok(jainIndex(rates) > 0.97, `${rates}`);
    // If each kept one frame there, they would be older than this.
    t.ok(ageMs < 100 * (1 + clients / workers), `${ageMs}`);
  }
});

test('a paced client gets its share beside clients that send all they have', async (t) => {
  const greedy = { fps: cameraFps, limits: { maxInFlight: 8, maxFps: cameraFps, adapt: false } };
  const [tally] = simulatePaced({
    cameras: [{ fps: cameraFps }, greedy, greedy, greedy],
    workers: () => 2,
    serviceMs: (_nowMs, random) => 100 * (0.9 + 0.2 * random()),
    oneWayMs: () => 1,
    durationMs,
  });
  const fps = ratePerSecond(tally?.resultMs ?? [], settledMs, durationMs);
  t.ok(fps > 0.9 * 5, `${fps} of 5 fps`);
});
