/** The scale simulation in short: every frame is accounted for, workers are busy, and cameras get equal shares. */
import { type Test, test } from 'tap';
import { defaultScene, type Scene } from '../../../bench/scale-simulation/scene.ts';
import { type ScaleResult, simulateScale } from '../../../bench/scale-simulation/simulation.ts';
import type { PhaseResult } from '../../../bench/scale-simulation/tally.ts';
import { limitsOf } from '../../../src/host/grants.ts';

/** 48 workers: 2400 frames per second. */
const short: Scene = { ...defaultScene, cameras: 384, fps: 5, hosts: 12, workers: 4, settleMs: 2000, phaseMs: 5000 };

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function phaseOf({ phases }: ScaleResult, name: string): PhaseResult {
  const phase = phases.find((each) => each.phase === name);
  if (phase === undefined) throw new Error(`no phase ${name}`);
  return phase;
}

/** Every frame has one fate. The simulation throws if one has two. */
function allSettled(t: Test, result: ScaleResult): void {
  t.equal(result.settled, result.offered);
  for (const { phase, offered, fates } of result.phases) t.equal(sum(Object.values(fates)), offered, phase);
  t.ok(result.offered > 10_000, `${result.offered} frames`);
}

test('below capacity, every frame gets a result', async (t) => {
  const result = simulateScale(short);
  allSettled(t, result);
  const { ofWhatFits, utilization, fates, fairness, p50Ms, p99Ms } = phaseOf(result, 'steady');
  t.same(Object.keys(fates), ['result']);
  t.equal(ofWhatFits, 1);
  t.equal(fairness, 1);
  t.ok(utilization > 0.77 && utilization < 0.83, `${utilization} of the workers are busy at load 0.8`);
  t.ok(p50Ms > 15 && p99Ms < 100, `simulated latency ${p50Ms}, ${p99Ms}`);
});

test('above capacity, all workers are busy, and cameras get equal shares', async (t) => {
  const result = simulateScale({ ...short, cameras: 1000 });
  allSettled(t, result);
  const { ofWhatFits, utilization, fates, fairness, p99Ms } = phaseOf(result, 'steady');
  t.ok(utilization > 0.99, `${utilization}`);
  t.ok(ofWhatFits > 0.97, `${ofWhatFits}`);
  t.ok(fairness > 0.98, `${fairness}`);
  t.ok((fates['expired'] ?? 0) + (fates['displaced'] ?? 0) > 0);
  t.ok(p99Ms < 200, `simulated latency ${p99Ms}`);
});

test('one gateway and one host work too', async (t) => {
  const result = simulateScale({ ...short, gateways: 1, hosts: 1, workers: 48 });
  allSettled(t, result);
  t.equal(phaseOf(result, 'steady').ofWhatFits, 1);
});

test('a zone is lost and returns: with spare hosts, the others take its load', async (t) => {
  const result = simulateScale({ ...short, cameras: 256, isZoneLost: true, phaseMs: 8000 });
  allSettled(t, result);
  const [before, without, back] = ['before', 'zone lost', 'zone back'].map((name) => phaseOf(result, name));
  t.ok(before !== undefined && before.ofWhatFits > 0.99, `${before?.ofWhatFits}`);
  const { not_sent: notSent = 0, lost = 0, worker_lost: workerLost = 0, result: results = 0 } = without?.fates ?? {};
  t.ok(notSent > 0, 'cameras of the lost zone reconnect');
  // Frames that were with a lost host are noticed only later, so both phases may have them.
  t.ok(lost + workerLost + (before?.fates['worker_lost'] ?? 0) + (before?.fates['lost'] ?? 0) > 0, 'frames were lost');
  t.ok(results / ((without?.offered ?? 0) - notSent) > 0.97, `${results} results`);
  t.ok(without !== undefined && without.utilization > (before?.utilization ?? 1) * 1.3, 'fewer workers are busier');
  t.ok(back !== undefined && back.ofWhatFits > 0.99 && back.fairness > 0.99, `${back?.ofWhatFits}`);
});

test('without spare hosts, the rest stays busy and fair while the zone is lost', async (t) => {
  const result = simulateScale({ ...short, isZoneLost: true, phaseMs: 8000 });
  allSettled(t, result);
  const without = phaseOf(result, 'zone lost');
  t.ok(without.utilization > 0.97, `${without.utilization}`);
  t.ok(without.ofWhatFits > 0.97, `${without.ofWhatFits}`);
  t.ok(without.fairness > 0.94, `${without.fairness}`);
  const back = phaseOf(result, 'zone back');
  t.ok(back.ofWhatFits > 0.97, `${back.ofWhatFits}`);
});

test('the same seed gives the same result', async (t) => {
  const { microsecondsPerFrame: _, ...first } = simulateScale({ ...short, phaseMs: 2000 });
  const { microsecondsPerFrame: __, ...second } = simulateScale({ ...short, phaseMs: 2000 });
  t.same(first, second);
});

test('over many hosts with few places, each gateway gets its share', async (t) => {
  const claims = new Map(Array.from({ length: 16 }, (_, index) => [index, { demand: 10, weight: 90 + index }]));
  const places = new Map<number, number>();
  for (let host = 0; host < 1000; host++) {
    const limits = limitsOf(claims, 10, (host * 0.618) % 1);
    t.equal(sum([...limits.values()]), 10);
    for (const [gateway, limit] of limits) places.set(gateway, (places.get(gateway) ?? 0) + limit);
  }
  const weights = sum([...claims.values()].map(({ weight }) => weight));
  for (const [gateway, { weight }] of claims) {
    const share = (10_000 * weight) / weights;
    t.ok(Math.abs((places.get(gateway) ?? 0) / share - 1) < 0.02, `${places.get(gateway)} of ${share}`);
  }
});
