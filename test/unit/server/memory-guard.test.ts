/** Above the limit, connections with incomplete messages are closed; if that does not help, attempts become rarer. */
import { test } from 'tap';
import { MemoryGuard } from '../../../src/server/memory-guard.ts';
import { silentLog } from '../../support/silent-log.ts';

const megabyte = 1_048_576;

function guardOf(closable = 1000) {
  const state = { residentBytes: 50 * megabyte, calls: [] as number[] };
  const guard = new MemoryGuard({
    maxBytes: 100 * megabyte,
    bytesPerMessage: 6 * megabyte,
    residentBytes: () => state.residentBytes,
    closeSockets: (count) => {
      state.calls.push(count);
      return Math.min(count, closable);
    },
    log: silentLog,
  });
  return { guard, state };
}

test('below the limit no socket is closed', async (t) => {
  const { guard, state } = guardOf();
  guard.check(0);
  t.notOk(guard.isOverLimit);
  t.same(state.calls, []);
});

test('above the limit, as many are closed as could hold the excess', async (t) => {
  const { guard, state } = guardOf();
  state.residentBytes = 130 * megabyte;
  guard.check(0);
  t.ok(guard.isOverLimit);
  t.same(state.calls, [5]);
  state.residentBytes = 99 * megabyte;
  guard.check(100);
  t.notOk(guard.isOverLimit);
});

test('if it helps, the next check acts again immediately', async (t) => {
  const { guard, state } = guardOf();
  for (const [index, megabytes] of [200, 180, 160].entries()) {
    state.residentBytes = megabytes * megabyte;
    guard.check(index * 100);
  }
  t.equal(state.calls.length, 3);
});

test('if it does not help, attempts become rare', async (t) => {
  const { guard, state } = guardOf();
  state.residentBytes = 200 * megabyte;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) guard.check(nowMs);
  t.ok(state.calls.length < 15, `${state.calls.length} tries in a minute`);
  state.residentBytes = 50 * megabyte;
  guard.check(60_000);
  state.residentBytes = 200 * megabyte;
  guard.check(60_100);
  guard.check(60_200);
  t.ok(state.calls.length >= 2, 'it restarts after there was room');
});
