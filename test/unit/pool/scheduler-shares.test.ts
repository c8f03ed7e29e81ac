/** Simulated cameras share worker time evenly, whatever their phase, rate and pattern, and below capacity nothing is lost. */
import { test } from 'tap';
import { jainIndex } from '../../../src/load/tally.ts';
import {
  camerasOf,
  type Scene,
  type SimulatedCamera,
  simulate,
  staggered,
} from '../../support/admission-simulation.ts';

function drifting(count: number, fps: number): SimulatedCamera[] {
  return camerasOf(count, fps).map((camera, index) => ({ ...camera, fps: fps + 0.07 * index }));
}

const fits: Record<string, SimulatedCamera[]> = {
  '8x15 staggered': staggered(8, 15),
  '8x10 staggered': staggered(8, 10),
  '8x15 aligned': camerasOf(8, 15),
  '4x15 aligned': camerasOf(4, 15),
  '16x5 aligned': camerasOf(16, 5),
  '32x2 aligned': camerasOf(32, 2),
  '60x1 aligned': camerasOf(60, 1),
  '25x4 aligned': camerasOf(25, 4),
  '30x3 aligned': camerasOf(30, 3),
  '7x15 jittering': camerasOf(7, 15, { jitterMs: 20 }),
  'one at 100 fps with one at 1': [...camerasOf(1, 100), ...camerasOf(1, 1)],
  'four at 30 fps with four at 1': [...staggered(4, 30), ...staggered(4, 1)],
};

for (const [name, cameras] of Object.entries(fits)) {
  test(`below capacity frames get results: ${name}`, async (t) => {
    const { served, offered, jain, violations } = simulate({ cameras });
    t.ok(served >= 0.99 * offered, `${served} of ${offered}`);
    t.ok(jain >= 0.99, `Jain ${jain}`);
    t.same(violations, []);
  });
}

const tooMuch: Record<string, Scene> = {
  equal: { cameras: staggered(8, 30) },
  'equal and aligned': { cameras: camerasOf(16, 25) },
  'in one instant, to the millisecond': { cameras: camerasOf(16, 25, { jitterMs: 0 }) },
  many: { cameras: staggered(256, 10), settleMs: 5000 },
  'many, aligned and slow': { cameras: camerasOf(256, 2), durationMs: 60_000, settleMs: 5000 },
  jittering: { cameras: camerasOf(16, 15, { jitterMs: 30 }) },
  drifting: { cameras: drifting(16, 15) },
  bursty: { cameras: staggered(16, 60, { burst: 3, jitterMs: 20 }) },
  'three workers': { cameras: staggered(16, 25), workers: 3 },
  'one worker': { cameras: camerasOf(8, 15), workers: 1 },
};

for (const [name, scene] of Object.entries(tooMuch)) {
  test(`shares are even above capacity: ${name}`, async (t) => {
    const { jain, busy, violations } = simulate(scene);
    t.ok(jain >= 0.99, `Jain ${jain}`);
    t.ok(busy >= 0.97, `workers are busy ${busy}`);
    t.same(violations, []);
  });
}

test('mixed rates: the slow ones get all their frames, the fast ones the rest, evenly', async (t) => {
  const { cameras, busy } = simulate({ cameras: [...staggered(4, 30), ...staggered(4, 3)], workers: 1 });
  for (const slow of cameras.slice(4)) t.ok(slow.served >= 0.98 * slow.sent, `${slow.served} of ${slow.sent}`);
  t.ok(jainIndex(cameras.slice(0, 4).map(({ served }) => served)) >= 0.99);
  t.ok(busy >= 0.97);
});

test('new sessions share evenly with existing ones immediately', async (t) => {
  const { cameras } = simulate({
    cameras: [...staggered(8, 25), ...camerasOf(8, 25, { fromMs: 10_000, phaseMs: 3 })],
    settleMs: 10_500,
  });
  t.ok(jainIndex(cameras.map(({ served }) => served)) >= 0.99);
});

test('the share of sessions that leave is divided among the rest', async (t) => {
  const { cameras } = simulate({
    cameras: [...staggered(8, 25), ...camerasOf(8, 25, { untilMs: 10_000, phaseMs: 3 })],
    settleMs: 10_500,
  });
  const stayed = cameras.slice(0, 8).map(({ served }) => served);
  t.ok(jainIndex(stayed) >= 0.99);
  t.ok(stayed.reduce((sum, served) => sum + served, 0) >= (0.97 * (19.5 * 2000)) / 15);
});

test('sessions that come and go at irregular times neither gain nor lose', async (t) => {
  const flickering = Array.from({ length: 10 }, (_, part) =>
    camerasOf(1, 25, { fromMs: 3000 * part, untilMs: 3000 * part + 1500 }),
  ).flat();
  const { cameras } = simulate({ cameras: [...staggered(8, 25), ...flickering], settleMs: 0 });
  const stayed = cameras.slice(0, 8).reduce((sum, { served }) => sum + served, 0) / 8 / 30;
  const flickered = cameras.slice(8).reduce((sum, { served }) => sum + served, 0) / 15;
  t.ok(flickered <= 1.25 * stayed, `${flickered} against ${stayed} a second`);
  t.ok(flickered >= 0.75 * stayed, `${flickered} against ${stayed} a second`);
});

test('shares are shares of time: frames that take five times as long get a fifth as many results', async (t) => {
  const { cameras, busy } = simulate({
    cameras: [...staggered(6, 30), ...staggered(2, 30, { serviceMs: 75 })],
    durationMs: 60_000,
  });
  t.ok(jainIndex(cameras.map(({ workerMs }) => workerMs)) >= 0.99, cameras.map(({ workerMs }) => workerMs).join(' '));
  t.ok(busy >= 0.97);
});

test('senders of slow pages do not reduce the results of other cameras', async (t) => {
  const plates = staggered(4, 10);
  const pages = camerasOf(2, 2, { pipelineId: 'pages', serviceMs: 3000 });
  const beside = simulate({ cameras: [...plates, ...pages], durationMs: 60_000 });
  for (const { sent, served } of beside.cameras.slice(0, 4)) t.ok(served >= 0.98 * sent, `${served} of ${sent}`);
  const read = beside.cameras.slice(4).map(({ served }) => served);
  t.ok(
    read.every((count) => count >= 7),
    `each sender of pages still gets results: ${read}`,
  );
  const alone = simulate({ cameras: pages, durationMs: 60_000 });
  t.ok(alone.busy > 0.95, 'alone they use all workers');
});

test('the limit of a pipeline file restricts pages to one worker even when alone', async (t) => {
  const { busy } = simulate({
    cameras: camerasOf(2, 2, { pipelineId: 'pages', serviceMs: 3000 }),
    rules: new Map([['pages', { maxWorkers: 1 }]]),
    durationMs: 60_000,
  });
  t.ok(busy > 0.45 && busy <= 0.53, `${busy}`);
});

test('with a wait of 0 nothing is held: the first to arrive is served, and aligned cameras lose frames', async (t) => {
  const staggeredCameras = simulate({ cameras: staggered(16, 25), maxWaitMs: 0 });
  t.equal(staggeredCameras.peakHeld, 0);
  t.ok(staggeredCameras.busy > 0.85);
  const aligned = simulate({ cameras: camerasOf(16, 25), maxWaitMs: 0 });
  t.equal(aligned.peakHeld, 0);
  t.ok(aligned.busy < 0.45);
});
