/** The congestion window when the gateway asks the client to move: the rate survives. */
import { test } from 'tap';
import { CongestionWindow } from '../../../src/client/congestion-window.ts';

/** A window that has grown over results of 20 ms each, of which the gateway spends 10 ms. */
function grown() {
  const window = new CongestionWindow({ maxInFlight: 8, maxFps: 1e6 });
  let nowMs = 0;
  for (let i = 0; i < 60; i++) {
    const frames = [window.sent(nowMs)];
    while (window.waitMs(nowMs) === 0) frames.push(window.sent(nowMs));
    nowMs += 20;
    for (const frame of frames) window.result(frame, nowMs, 10);
  }
  return { window, nowMs };
}

test('a move keeps the rate, forgets frames in flight, and takes back the drops of the move', async (t) => {
  const { window, nowMs } = grown();
  const { fps } = window;
  const taken = window.sent(nowMs);
  for (let i = 1; i <= 5; i++) window.dropped(window.sent(nowMs + 3 * i), nowMs + 3 * i + 1);
  t.ok(window.fps < fps, 'each may be a sign of overload');
  window.result(taken, nowMs + 20, 10);
  window.sent(nowMs + 21);
  t.equal(window.inFlight, 1, 'it crosses the close');
  window.moved();
  t.equal(window.inFlight, 0);
  t.equal(window.fps, fps);
});

test('a move does not take back drops before the last frame that was taken, nor a slow_down', async (t) => {
  for (const warns of [true, false]) {
    const { window, nowMs } = grown();
    const { fps } = window;
    window.dropped(window.sent(nowMs), nowMs + 5);
    if (warns) window.slowDown(nowMs + 6);
    else window.result(window.sent(nowMs + 10), nowMs + 30, 10);
    window.moved();
    t.ok(window.fps < 0.8 * fps, `${window.fps} of ${fps}`);
  }
});

test('after a move, a longer path is not taken for congestion', async (t) => {
  const { window, nowMs } = grown();
  window.moved();
  const before = window.fps;
  for (let i = 0; i < 10; i++) window.result(window.sent(nowMs + 100 * i), nowMs + 100 * i + 60, 10);
  // The rate follows the round trip, three times as long now, but the window does not shrink.
  t.ok(window.fps >= before / 3, `${window.fps} of ${before}`);
});
