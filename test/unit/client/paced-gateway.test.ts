/** Clients with congestion control and a simulated gateway, in minutes of simulated time: rates, drops, recovery, fairness. */
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
/** Measurements start here. */
const settledMs = 10_000;
const durationMs = 60_000;
/** The full rate must be back within this time. */
const recoveryMs = 10_000;

interface Gateway {
  readonly workers: number;
  readonly fps: number;
  /** Relative variation of a frame's service time. */
  readonly jitter: number;
  /** Round trip of an empty message, relative to a frame's service time. */
  readonly rtt: number;
}

function sceneOf({ workers, fps, jitter, rtt }: Gateway, seed = 1): PacedScene {
  const meanMs = (1000 * workers) / fps;
  return {
    cameras: [{ fps: cameraFps }],
    workers: () => workers,
    serviceMs: (_nowMs, random) => meanMs * (1 + jitter * (2 * random() - 1)),
    oneWayMs: (random) => (meanMs * rtt * (0.9 + 0.2 * random())) / 2,
    durationMs,
    seed,
  };
}

interface Figures {
  /** Answered frames relative to what the camera and the gateway could do. */
  readonly answered: number;
  readonly dropped: number;
  /** The median age above the best possible, relative to a frame's service time. */
  readonly ageExcess: number;
}

function figuresOf(gateway: Gateway, seed?: number, scene: Partial<PacedScene> = {}): Figures {
  const tallies = simulatePaced({ ...sceneOf(gateway, seed), ...scene });
  const [tally] = tallies;
  if (tally === undefined) throw new Error('there is one camera');
  const possible = Math.min(cameraFps, gateway.fps);
  const serviceMs = (1000 * gateway.workers) / gateway.fps;
  // If the camera is faster, the newest frame is half an interval old when it can be sent.
  const bestMs = serviceMs * (1 + gateway.rtt) + (gateway.fps < cameraFps ? 500 / cameraFps : 0);
  return {
    answered: ratePerSecond(tally.resultMs, settledMs, durationMs) / possible,
    dropped: dropRate(tallies, settledMs, durationMs),
    ageExcess: (medianAgeMs(tallies, settledMs, durationMs) - bestMs) / serviceMs,
  };
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

test('one camera, slow gateway: 97 % of its capacity, results close to the minimum age, few drops', async (t) => {
  for (const workers of [1, 2, 4]) {
    for (const fps of [10, 20]) {
      const { answered, dropped, ageExcess } = figuresOf({ workers, fps, jitter: 0.1, rtt: 0.02 });
      t.comment(
        `${workers} workers for ${fps} fps: ${(100 * answered).toFixed(1)} %, ${(100 * dropped).toFixed(1)} % dropped, ${ageExcess.toFixed(2)} service times late`,
      );
      t.ok(answered >= 0.97, `${answered}`);
      t.ok(dropped < 0.05, `${dropped}`);
      t.ok(ageExcess < 0.5, `${ageExcess}`);
    }
  }
});

test('the same for any capacity from 5 to 60 fps and any number of workers, with a short round trip', async (t) => {
  const gateways = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    fps: fc.double({ min: 5, max: 60, noNaN: true }),
    jitter: fc.double({ min: 0, max: 0.1, noNaN: true }),
    rtt: fc.double({ min: 0, max: 0.05, noNaN: true }),
  });
  fc.assert(
    fc.property(gateways, seeds, (gateway, seed) => {
      const { answered, dropped, ageExcess } = figuresOf(gateway, seed);
      return answered >= 0.9 && dropped < 0.1 && ageExcess < 1;
    }),
    { numRuns: 150 },
  );
  t.pass('150 gateways');
});

test('a gateway that holds no frames: its capacity is used, less than 15 % dropped', async (t) => {
  for (const workers of [1, 2, 4]) {
    const { answered, dropped } = figuresOf({ workers, fps: 10, jitter: 0.1, rtt: 0.05 }, 1, { maxWaitMs: 0 });
    t.comment(`${workers} workers: ${(100 * answered).toFixed(1)} % answered, ${(100 * dropped).toFixed(1)} % dropped`);
    t.ok(answered >= 0.9 && dropped < 0.15);
  }
});

test('network times that vary by a factor of three cost little', async (t) => {
  const { answered } = figuresOf({ workers: 2, fps: 25, jitter: 0.1, rtt: 1 }, 1, {
    oneWayMs: (random) => 40 * (0.5 + random()),
  });
  t.ok(answered >= 0.75, `${answered}`);
});

test('long or uneven network times: drops stay low, and throughput is close to one frame at a time or better', async (t) => {
  const gateways = fc.record({
    workers: fc.integer({ min: 1, max: 6 }),
    fps: fc.double({ min: 5, max: 60, noNaN: true }),
    jitter: fc.double({ min: 0, max: 0.5, noNaN: true }),
    rtt: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(gateways, seeds, (gateway, seed) => {
      const { answered, dropped } = figuresOf(gateway, seed);
      // The camera's next frame may be an interval away when the result arrives.
      const meanMs = (1000 * gateway.workers) / gateway.fps;
      const oneByOneFps = 1000 / (meanMs * (1 + gateway.rtt) + 1000 / cameraFps);
      return dropped < 0.1 && answered * Math.min(cameraFps, gateway.fps) >= 0.85 * oneByOneFps;
    }),
    { numRuns: 150 },
  );
  t.pass('150 gateways');
});

test('the full rate returns within 10 s after the capacity does', async (t) => {
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

test('a slow uplink is not saturated with stale frames', async (t) => {
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

test('many clients share a gateway evenly, use nearly all of it, and lose few frames', async (t) => {
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
    // If each client kept one frame waiting there, results would be older than this.
    t.ok(ageMs < 100 * (1 + clients / workers), `${ageMs}`);
  }
});

test('a client with congestion control gets its share next to clients without it', async (t) => {
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
