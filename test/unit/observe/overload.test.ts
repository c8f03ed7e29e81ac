/** Overload starts with a sizable share of dropped frames, ends far below it, and ignores other drops. */
import { test } from 'tap';
import { Overload } from '../../../src/observe/overload.ts';
import type { DropReason } from '../../../src/status.ts';

/** Records 10 frames a second, the first of each ten dropped, and checks every second. */
function play(overload: Overload, fromS: number, seconds: number, dropped: number, reason: DropReason = 'busy') {
  const changes: unknown[] = [];
  for (let second = fromS; second < fromS + seconds; second++) {
    for (let frame = 0; frame < 10; frame++) {
      overload.record(frame < dropped ? reason : undefined, second * 1000 + frame * 100);
    }
    const change = overload.check(second * 1000 + 999);
    if (change !== undefined) changes.push({ second, ...change });
  }
  return changes;
}

test('starts and ends once, with figures', async (t) => {
  const overload = new Overload();
  t.strictSame(play(overload, 0, 20, 2), []);
  t.match(play(overload, 20, 20, 9), [{ second: 21, type: 'start', frames: 100, dropped: 34, share: 0.34 }]);
  t.strictSame(play(overload, 40, 20, 2), [], 'between the two limits nothing changes');
  t.match(play(overload, 60, 20, 0), [{ second: 65, type: 'end', frames: 100, dropped: 8, durationMs: 44_000 }]);
});

test('a few frames are no overload, and the end of all traffic is its end', async (t) => {
  const overload = new Overload();
  for (let frame = 0; frame < 19; frame++) overload.record('busy', frame);
  t.equal(overload.check(20), undefined);
  overload.record('expired', 20);
  t.match(overload.check(21), { type: 'start', share: 1 });
  t.equal(overload.check(9999), undefined);
  t.match(overload.check(10_000), { type: 'end', frames: 0, share: 0 });
});

test('frames dropped for other reasons do not count', async (t) => {
  for (const reason of ['slow_reader', 'session_closed', 'draining', 'worker_lost'] as const) {
    t.strictSame(play(new Overload(), 0, 20, 10, reason), [], reason);
  }
});
