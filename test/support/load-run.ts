/** Runs the load generator against a fake gateway. Tests only. */
import type { Test } from 'tap';
import type { LoadPlan } from '../../src/load/plan.ts';
import { buildReport, type LoadReport } from '../../src/load/report.ts';
import { LoadRun } from '../../src/load/run-load.ts';
import { type FakeBehavior, type FakeGateway, startFakeGateway } from './fake-gateway.ts';

/** One frame: the smallest that starts and ends like a JPEG. */
export const frames = [Buffer.from([0xff, 0xd8, 0xff, 0xd9])];

/** Two cameras for one second. */
export const plan: LoadPlan = {
  groups: [{ cameras: 2, fps: 20 }],
  slowReaders: undefined,
  phase: 'staggered',
  rampMs: 0,
  warmUpMs: 0,
  durationMs: 1000,
  drainTimeoutMs: 10_000,
  adaptive: false,
  generators: 1,
};

/** Runs a load against a server with the given behavior. */
export async function load(t: Test, behavior: FakeBehavior, changes: Partial<LoadPlan> = {}) {
  const gateway = await startFakeGateway(t, behavior);
  const outcome = await new LoadRun({ ...plan, ...changes }, { url: gateway.url, frames }).outcome();
  const report = buildReport(outcome, gateway.url.href, frames);
  requireConsistentCounts(t, report);
  return { report, gateway };
}

/** Checks that every offered frame has exactly one outcome, per camera and in the sums. */
export function requireConsistentCounts(t: Test, report: LoadReport): void {
  for (const counts of [report, ...report.per_camera, ...report.groups]) {
    const { offered, sent, not_sent, results, dropped, errors, unanswered } = counts;
    t.equal(offered, sent + not_sent);
    t.equal(sent, results + dropped + errors + unanswered);
  }
  for (const key of ['offered', 'sent', 'results', 'dropped', 'errors', 'unanswered', 'not_sent'] as const) {
    t.equal(
      report.per_camera.reduce((sum, camera) => sum + camera[key], 0),
      report[key],
      key,
    );
  }
}

/** Frames received over all connections. */
export function total({ received }: FakeGateway): number {
  return received.reduce((sum, count) => sum + count, 0);
}
