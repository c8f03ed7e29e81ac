/** Holds keep their full length while there is spare capacity, and otherwise shrink to what keeps the workers busy. */
import { test } from 'tap';
import { HoldLength } from '../../../src/pool/hold-length.ts';

const maxWaitMs = 1000;
const serviceMs = 15;
const roundMs = 100;
const no = () => false;

/** A frame whose full hold is one interval, and whose hold is `holdMs`. */
function holdOf(arrivedMs: number, holdMs = roundMs) {
  return { arrivedMs, holdEndMs: arrivedMs + holdMs, dueMs: arrivedMs + roundMs };
}

/** No idle worker from 0 on, and half of the frames are dropped at the end of full holds. */
function overloadedHolds(): HoldLength {
  const holds = new HoldLength(maxWaitMs);
  holds.recordIdle(0);
  for (let atMs = 0; atMs < 600; atMs += 5) {
    holds.recordInterval(roundMs, atMs);
    holds.recordFreedWorker(2, atMs);
    if (atMs % 10 === 0) holds.recordDrop(holdOf(atMs - roundMs), atMs);
    else holds.recordStart(holdOf(atMs), atMs);
  }
  return holds;
}

test('nothing is shortened initially', async (t) => {
  t.equal(new HoldLength(maxWaitMs).limitMs(5000, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('under overload a hold is what keeps the workers busy, but never shorter than the service time', async (t) => {
  const holds = overloadedHolds();
  t.equal(holds.limitMs(600, serviceMs, no), serviceMs);
  holds.recordFreedWorker(40, 600);
  t.equal(holds.limitMs(601, serviceMs, no), 1.25 * 40);
});

test('a frame with top priority is held longer, since the next worker may have just started', async (t) => {
  t.equal(
    overloadedHolds().limitMs(600, serviceMs, () => true),
    1.5 * serviceMs,
  );
});

test('nothing is shortened for some time after a worker was idle', async (t) => {
  const holds = overloadedHolds();
  holds.recordIdle(600);
  t.equal(holds.limitMs(1099, serviceMs, no), Number.POSITIVE_INFINITY);
  t.equal(holds.limitMs(1100, serviceMs, no), serviceMs);
});

test('sessions with long intervals extend that time: their frames arrive together and then pause', async (t) => {
  const holds = overloadedHolds();
  holds.recordInterval(1000, 600);
  holds.recordIdle(600);
  t.equal(holds.limitMs(2599, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('senders that wait for replies keep workers busy without drops: nothing is shortened', async (t) => {
  const holds = new HoldLength(maxWaitMs);
  holds.recordIdle(0);
  for (let atMs = 0; atMs < 2000; atMs += 5) {
    holds.recordInterval(roundMs, atMs);
    holds.recordFreedWorker(30, atMs);
    holds.recordStart(holdOf(atMs - 30), atMs);
  }
  t.equal(holds.limitMs(2000, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('a single drop is not overload', async (t) => {
  const holds = new HoldLength(maxWaitMs);
  holds.recordIdle(0);
  holds.recordDrop(holdOf(500), 600);
  t.equal(holds.limitMs(600, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('drops from shortened holds do not count as overload, so it is checked again from time to time', async (t) => {
  const holds = overloadedHolds();
  for (let atMs = 600; atMs < 31_000; atMs += 5) holds.recordDrop(holdOf(atMs, 20), atMs);
  t.equal(holds.limitMs(30_000, serviceMs, no), serviceMs);
  t.equal(holds.limitMs(31_000, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('a worker that is idle because of an early drop lengthens holds to what was needed', async (t) => {
  const holds = overloadedHolds();
  holds.recordDrop(holdOf(600, 20), 620);
  holds.recordIdle(640);
  t.equal(holds.limitMs(640, serviceMs, no), serviceMs, 'the required length is not known yet');
  holds.recordBusy(660);
  t.equal(holds.limitMs(661, serviceMs, no), 1.25 * 60);
});

test('once that frame would have expired in any case, an idle worker means spare capacity', async (t) => {
  const holds = overloadedHolds();
  holds.recordDrop(holdOf(600, 20), 620);
  holds.recordIdle(701);
  t.equal(holds.limitMs(702, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('required holds leave the window', async (t) => {
  const holds = overloadedHolds();
  holds.recordFreedWorker(80, 600);
  t.equal(holds.limitMs(700, serviceMs, no), 100);
  for (let atMs = 700; atMs < 2000; atMs += 5) holds.recordFreedWorker(2, atMs);
  t.equal(holds.limitMs(2000, serviceMs, no), serviceMs);
});
