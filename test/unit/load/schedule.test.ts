/** Intended send times: phases, ramp, and the rate of an adaptive camera. */
import fc from 'fast-check';
import { test } from 'tap';
import type { LoadPlan } from '../../../src/load/plan.ts';
import { camerasOf, Schedule } from '../../../src/load/schedule.ts';

const plan: LoadPlan = {
  groups: [{ cameras: 4, fps: 10 }],
  slowReaders: undefined,
  phase: 'staggered',
  rampMs: 0,
  warmUpMs: 0,
  durationMs: 1000,
  drainTimeoutMs: 0,
  adaptive: false,
  generators: 1,
};

/** The intended times of a schedule's next frames. */
function times(schedule: Schedule, frames: number): number[] {
  return Array.from({ length: frames }, () => {
    const { dueMs } = schedule;
    schedule.advance();
    return dueMs;
  });
}

test('staggered cameras divide the interval evenly, aligned ones send together', async (t) => {
  t.strictSame(
    camerasOf(plan).map(({ phaseMs }) => phaseMs),
    [0, 25, 50, 75],
  );
  t.strictSame(
    camerasOf({ ...plan, phase: 'aligned' }).map(({ phaseMs }) => phaseMs),
    [0, 0, 0, 0],
  );
});

test('groups follow each other, each staggered over its own interval, slow readers last', async (t) => {
  const groups = [
    { cameras: 2, fps: 20 },
    { cameras: 2, fps: 2 },
  ];
  const cameras = camerasOf({ ...plan, groups, slowReaders: { cameras: 1, fps: 5 } });
  t.strictSame(
    cameras.map(({ camera, group, fps, phaseMs, reads }) => [camera, group, fps, phaseMs, reads]),
    [
      [0, 0, 20, 0, true],
      [1, 0, 20, 25, true],
      [2, 1, 2, 0, true],
      [3, 1, 2, 250, true],
      [4, 2, 5, 0, false],
    ],
  );
});

test('with a ramp cameras start one after another and keep their phase', async (t) => {
  const cameras = camerasOf({ ...plan, phase: 'aligned', rampMs: 1000 });
  const first = cameras.map((camera) => new Schedule(camera).dueMs);
  t.strictSame(first, [0, 300, 500, 800], 'each at the first common instant after 0, 250, 500 and 750 ms');
});

test('intended times do not drift over a million frames', async (t) => {
  const schedule = new Schedule({ fps: 30, phaseMs: 7, joinMs: 0 });
  for (let frame = 0; frame < 1_000_000; frame++) schedule.advance();
  t.equal(schedule.dueMs, 7 + 1e9 / 30);
});

test('a camera offers its rate within any second', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      async (fps, joinMs, part) => {
        const schedule = new Schedule({ fps, phaseMs: (part * 1000) / fps, joinMs });
        const [first = 0, ...others] = times(schedule, 3 * fps + 1);
        // Tolerate rounding errors for a frame exactly on the edge.
        if (first < joinMs - 1e-6 || first > joinMs + 1000 / fps + 1e-6) return false;
        const inSecond = [first, ...others].filter((at) => at > first + 0.5 && at <= first + 1000.5).length;
        return Math.abs(inSecond - fps) <= 1;
      },
    ),
  );
  t.pass();
});

test('slow_down halves the rate; after three seconds without a warning it recovers within ten', async (t) => {
  const schedule = new Schedule({ fps: 20, phaseMs: 0, joinMs: 0 });
  times(schedule, 20);
  t.equal(schedule.dueMs, 1000);
  schedule.slowDown(960);
  t.equal(schedule.fpsAt(960), 10);
  t.equal(schedule.dueMs, 1050, 'the next frame is one longer interval after the last one, at 950 ms');
  t.equal(schedule.fpsAt(3960), 10);
  t.equal(schedule.fpsAt(8960), 15);
  t.equal(schedule.fpsAt(13_960), 20);
  t.equal(schedule.fpsAt(60_960), 20);
  const frames = times(schedule, 400);
  const intervals = frames.slice(1).map((at, index) => at - (frames[index] as number));
  t.ok(intervals.every((interval, index) => interval <= (intervals[index - 1] ?? 100) + 1e-9));
  t.ok(Math.abs((intervals.at(-1) as number) - 50) < 1e-9, 'back at the full rate');
});

test('repeated warnings halve the rate once, and never stop a camera', async (t) => {
  const schedule = new Schedule({ fps: 20, phaseMs: 0, joinMs: 0 });
  times(schedule, 20);
  schedule.slowDown(1000);
  schedule.slowDown(2000);
  t.equal(schedule.fpsAt(5000), 10, 'one cut, and no growth for three seconds after the last warning');
  t.equal(schedule.fpsAt(6000), 11);
  for (let atMs = 4000; atMs < 60_000; atMs += 3000) schedule.slowDown(atMs);
  t.ok(schedule.fpsAt(60_000) >= 1);
  const slow = new Schedule({ fps: 0.5, phaseMs: 0, joinMs: 0 });
  slow.slowDown(100);
  t.equal(slow.fpsAt(100), 0.5, 'a camera below the minimum rate keeps its own');
});

test('with slow_down at any time, send times are monotonic and the rate stays within bounds', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 10 }),
      async (fps, warnings) => {
        const schedule = new Schedule({ fps, phaseMs: 0, joinMs: 0 });
        const left = [...warnings].sort((a, b) => a - b);
        let lastMs = -1;
        while (schedule.dueMs < 10_000) {
          const { dueMs } = schedule;
          if (dueMs < lastMs || schedule.fpsAt(dueMs) > fps || schedule.fpsAt(dueMs) < 1) return false;
          lastMs = dueMs;
          schedule.advance();
          if ((left[0] ?? Number.POSITIVE_INFINITY) <= dueMs)
            schedule.slowDown(Math.max(dueMs, left.shift() as number));
        }
        return true;
      },
    ),
  );
  t.pass();
});
