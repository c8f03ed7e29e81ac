/** Flags are parsed into a plan, and every invalid flag is reported by name. */
import { test } from 'tap';
import { type PlanFlags, parsePlan } from '../../../src/load/plan.ts';

const flags: PlanFlags = {
  cameras: '8',
  fps: '15',
  duration: '10',
  warmup: '2',
  ramp: '0',
  drainTimeout: '6',
  phase: 'staggered',
  threads: '1',
};

test('the defaults are eight cameras at one rate', async (t) => {
  t.strictSame(parsePlan(flags), {
    groups: [{ cameras: 8, fps: 15 }],
    slowReaders: undefined,
    phase: 'staggered',
    rampMs: 0,
    warmUpMs: 2000,
    durationMs: 10_000,
    drainTimeoutMs: 6000,
    adaptive: false,
    generators: 1,
  });
});

test('groups use their own rate or the default rate', async (t) => {
  t.strictSame(parsePlan({ ...flags, cameras: '4@30, 4@2.5,2' }).groups, [
    { cameras: 4, fps: 30 },
    { cameras: 4, fps: 2.5 },
    { cameras: 2, fps: 15 },
  ]);
});

test("slow readers use their own rate or the first group's", async (t) => {
  t.strictSame(parsePlan({ ...flags, cameras: '4@30', slowReaders: '2' }).slowReaders, { cameras: 2, fps: 30 });
  t.strictSame(parsePlan({ ...flags, slowReaders: '2@100' }).slowReaders, { cameras: 2, fps: 100 });
  t.equal(parsePlan({ ...flags, slowReaders: '0' }).slowReaders, undefined);
});

for (const [name, bad] of [
  ['--cameras', { cameras: '0' }],
  ['--cameras', { cameras: '' }],
  ['--cameras', { cameras: '4,' }],
  ['--cameras', { cameras: '4@' }],
  ['--cameras', { cameras: '4@0' }],
  ['--cameras', { cameras: '4@1@2' }],
  ['--cameras', { cameras: '1.5' }],
  ['--cameras', { cameras: '10001' }],
  ['--cameras', { cameras: '6000,6000' }],
  ['--fps', { fps: '0' }],
  ['--fps', { fps: '-1' }],
  ['--fps', { fps: '1001' }],
  ['--fps', { fps: 'fast' }],
  ['--fps', { fps: 'NaN' }],
  ['--duration', { duration: '0' }],
  ['--duration', { duration: '1e99' }],
  ['--duration', { duration: '86401' }],
  ['--warmup', { warmup: 'Infinity' }],
  ['--warmup', { warmup: '' }],
  ['--ramp', { ramp: '-1' }],
  ['--drain-timeout', { drainTimeout: '0x10' }],
  ['--phase', { phase: 'both' }],
  ['--threads', { threads: '0' }],
  ['--threads', { threads: '65' }],
  ['--slow-readers', { slowReaders: 'some' }],
  ['--slow-readers', { slowReaders: '1@x' }],
] as const) {
  test(`${name} of ${JSON.stringify(bad)} is rejected by name`, async (t) => {
    t.throws(() => parsePlan({ ...flags, ...bad }), {
      name: 'ConfigError',
      message: new RegExp(`^${name} .*must be `),
    });
  });
}

test('all errors are reported at once', async (t) => {
  try {
    parsePlan({ ...flags, fps: 'a', duration: 'b', phase: 'c' });
    t.fail('nothing was thrown');
  } catch (error) {
    t.match((error as { issues: string[] }).issues, [/^--fps "a" /, /^--phase "c" /, /^--duration "b" /]);
    t.equal((error as { issues: string[] }).issues.length, 3);
  }
});
