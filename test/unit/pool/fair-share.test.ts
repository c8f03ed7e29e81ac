/** The decision on one frame, from counters and times alone. */
import { test } from 'tap';
import { openShares, send } from '../../support/camera-simulation.ts';

/** Frames of one camera come so often in these tests. */
const intervalMs = 100;

test('a session alone may have all workers', async (t) => {
  const shares = openShares('a');
  for (let i = 0; i < 4; i++) t.equal(send(shares, 'a', i, 4 - i, 4), 'accepted');
  t.equal(shares.inFlightOf('a'), 4);
  t.equal(send(shares, 'a', 4, 1, 4), 'session_limit');
});

test('without a free worker nothing is taken', async (t) => {
  t.equal(openShares('a').arrive('a', 0, 0, 4), 'pool_full');
});

test('a session that is not open is refused', async (t) => {
  t.equal(openShares('a').arrive('b', 0, 4, 4), 'session_limit');
});

test('with rivals that send, a session has its share, rounded up', async (t) => {
  for (const [rivals, workers, limit] of [
    [1, 4, 2],
    [2, 4, 2],
    [3, 4, 1],
    [9, 4, 1],
  ] as const) {
    const names = Array.from({ length: rivals }, (_, i) => `rival ${i}`);
    const shares = openShares('a', ...names);
    for (const name of names) shares.arrive(name, 0, 0, workers);
    for (let i = 0; i < limit; i++) t.equal(send(shares, 'a', 1, workers, workers), 'accepted');
    t.equal(send(shares, 'a', 1, workers, workers), 'session_limit', `${rivals} rivals, ${workers} workers`);
  }
});

test('a rival that has never sent, one that is silent and one that is gone do not count', async (t) => {
  const shares = openShares('a', 'never', 'silent', 'gone');
  shares.arrive('silent', 0, 0, 4);
  shares.arrive('gone', 1900, 0, 4);
  shares.close('gone');
  for (let i = 0; i < 4; i++) t.equal(send(shares, 'a', 2000, 4 - i, 4), 'accepted');
});

test('a slow camera is a rival for three of its intervals', async (t) => {
  const shares = openShares('a', 'slow');
  shares.arrive('slow', 0, 0, 2);
  shares.arrive('slow', 2000, 0, 2);
  t.equal(send(shares, 'a', 7999, 2, 2), 'accepted');
  t.equal(send(shares, 'a', 7999, 1, 2), 'session_limit');
  t.equal(send(shares, 'a', 8001, 1, 2), 'accepted');
});

test('a session yields to one that was served longer ago and is due before it would be done', async (t) => {
  const shares = openShares('a', 'b');
  send(shares, 'a', 0, 1, 1);
  send(shares, 'b', 10, 0, 1);
  shares.answered('a', 50);
  t.equal(send(shares, 'a', intervalMs, 1, 1), 'accepted', 'the interval of b is not known yet');
  send(shares, 'b', intervalMs + 10, 0, 1);
  shares.answered('a', 50);
  t.equal(send(shares, 'a', 2 * intervalMs, 1, 1), 'yielded');
  t.equal(send(shares, 'b', 2 * intervalMs + 10, 1, 1), 'accepted');
});

test('a session does not yield to one that is due after it is done', async (t) => {
  const shares = openShares('a', 'b');
  send(shares, 'a', 0, 1, 1);
  send(shares, 'b', 60, 0, 1);
  shares.answered('a', 50);
  send(shares, 'b', intervalMs + 60, 0, 1);
  t.equal(send(shares, 'a', 2 * intervalMs, 1, 1), 'accepted');
});

test('a rival that does not come when it was due no longer blocks', async (t) => {
  const shares = openShares('a', 'b');
  send(shares, 'a', 0, 1, 1);
  send(shares, 'b', 10, 0, 1);
  send(shares, 'b', intervalMs + 10, 0, 1);
  shares.answered('a', 50);
  t.equal(send(shares, 'a', 2 * intervalMs + 34, 1, 1), 'yielded', 'late by less than a quarter');
  t.equal(send(shares, 'a', 2 * intervalMs + 36, 1, 1), 'accepted');
});

test('one rival to yield to leaves the second free worker', async (t) => {
  const shares = openShares('a', 'b');
  send(shares, 'a', 0, 2, 2);
  send(shares, 'b', 10, 0, 2);
  send(shares, 'b', intervalMs + 10, 0, 2);
  shares.answered('a', 50);
  t.equal(shares.arrive('a', 2 * intervalMs, 1, 2), 'yielded');
  t.equal(shares.arrive('a', 2 * intervalMs, 2, 2), 'accepted');
});

test('a frame of a closed session is still in flight until it is answered', async (t) => {
  const shares = openShares('a');
  send(shares, 'a', 0, 1, 1);
  shares.close('a');
  t.equal(shares.inFlight, 1);
  t.equal(shares.sessions, 0);
  shares.answered('a', 5);
  t.equal(shares.inFlight, 0);
  t.equal(shares.inFlightOf('a'), 0);
});
