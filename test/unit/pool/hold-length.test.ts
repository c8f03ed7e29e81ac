/** Holds keep their full length while there is room, and are shortened to what keeps the workers busy while there is none. */
import { test } from 'tap';
import { HoldLength } from '../../../src/pool/hold-length.ts';

const maxWaitMs = 1000;
const serviceMs = 15;
const roundMs = 100;
const no = () => false;

/** A frame whose hold may last a round, and lasts `holdMs`. */
function holdOf(arrivedMs: number, holdMs = roundMs) {
  return { arrivedMs, holdEndMs: arrivedMs + holdMs, dueMs: arrivedMs + roundMs };
}

/** Never an idle worker from 0 on, and half of the frames are dropped at the end of full holds. */
function pressedHolds(): HoldLength {
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

test('before anything is known nothing is shortened', async (t) => {
  t.equal(new HoldLength(maxWaitMs).limitMs(5000, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('under pressure a hold is what keeps the workers busy, but never shorter than a frame takes', async (t) => {
  const holds = pressedHolds();
  t.equal(holds.limitMs(600, serviceMs, no), serviceMs);
  holds.recordFreedWorker(40, 600);
  t.equal(holds.limitMs(601, serviceMs, no), 1.25 * 40);
});

test('a frame that goes before all others is held longer: the next worker may take as long', async (t) => {
  t.equal(
    pressedHolds().limitMs(600, serviceMs, () => true),
    1.5 * serviceMs,
  );
});

test('nothing is shortened for some time after a worker was idle', async (t) => {
  const holds = pressedHolds();
  holds.recordIdle(600);
  t.equal(holds.limitMs(1099, serviceMs, no), Number.POSITIVE_INFINITY);
  t.equal(holds.limitMs(1100, serviceMs, no), serviceMs);
});

test('sessions with long rounds make that time longer: their frames come together and then not for long', async (t) => {
  const holds = pressedHolds();
  holds.recordInterval(1000, 600);
  holds.recordIdle(600);
  t.equal(holds.limitMs(2599, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('senders that wait for their answers keep workers busy without losing frames: nothing is shortened', async (t) => {
  const holds = new HoldLength(maxWaitMs);
  holds.recordIdle(0);
  for (let atMs = 0; atMs < 2000; atMs += 5) {
    holds.recordInterval(roundMs, atMs);
    holds.recordFreedWorker(30, atMs);
    holds.recordStart(holdOf(atMs - 30), atMs);
  }
  t.equal(holds.limitMs(2000, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('a single frame that is dropped is no pressure', async (t) => {
  const holds = new HoldLength(maxWaitMs);
  holds.recordIdle(0);
  holds.recordDrop(holdOf(500), 600);
  t.equal(holds.limitMs(600, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('what is dropped from shortened holds is no pressure, so once a while it is found out anew', async (t) => {
  const holds = pressedHolds();
  for (let atMs = 600; atMs < 31_000; atMs += 5) holds.recordDrop(holdOf(atMs, 20), atMs);
  t.equal(holds.limitMs(30_000, serviceMs, no), serviceMs);
  t.equal(holds.limitMs(31_000, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('a worker that is idle because a frame was dropped too early lengthens holds to what it would have taken', async (t) => {
  const holds = pressedHolds();
  holds.recordDrop(holdOf(600, 20), 620);
  holds.recordIdle(640);
  t.equal(holds.limitMs(640, serviceMs, no), serviceMs, 'it is not known yet for how long');
  holds.recordBusy(660);
  t.equal(holds.limitMs(661, serviceMs, no), 1.25 * 60);
});

test('once that frame would have been dropped in any case, an idle worker means room', async (t) => {
  const holds = pressedHolds();
  holds.recordDrop(holdOf(600, 20), 620);
  holds.recordIdle(701);
  t.equal(holds.limitMs(702, serviceMs, no), Number.POSITIVE_INFINITY);
});

test('needs are forgotten', async (t) => {
  const holds = pressedHolds();
  holds.recordFreedWorker(80, 600);
  t.equal(holds.limitMs(700, serviceMs, no), 100);
  for (let atMs = 700; atMs < 2000; atMs += 5) holds.recordFreedWorker(2, atMs);
  t.equal(holds.limitMs(2000, serviceMs, no), serviceMs);
});
