/** The rules of the congestion window, one by one. */
import { test } from 'tap';
import { CongestionWindow, type SentFrame } from '../../../src/client/congestion-window.ts';

const serviceMs = 100;
const roundTripMs = 102;

/** A congestion window with a clock that the test controls. */
class Clock {
  readonly window: CongestionWindow;
  nowMs = 0;

  constructor(maxInFlight = 8, maxFps = Number.POSITIVE_INFINITY) {
    this.window = new CongestionWindow({ maxInFlight, maxFps });
  }

  send(): SentFrame {
    return this.window.sent(this.nowMs);
  }

  result(frame: SentFrame): void {
    this.nowMs = Math.max(this.nowMs, frame.sentAtMs + roundTripMs);
    this.window.result(frame, this.nowMs, serviceMs);
  }

  drop(frame: SentFrame): void {
    this.nowMs += 1;
    this.window.dropped(frame, this.nowMs);
  }

  /** Sends frames one at a time, each with its result. */
  clean(count: number): void {
    for (let i = 0; i < count; i++) {
      this.result(this.send());
      this.nowMs += this.waitMs();
    }
  }

  waitMs(): number {
    return this.window.waitMs(this.nowMs);
  }
}

test('the first frame is sent immediately, the second only after a reply', async (t) => {
  const clock = new Clock();
  t.equal(clock.waitMs(), 0);
  clock.send();
  t.equal(clock.waitMs(), Number.POSITIVE_INFINITY);
});

test('after a result the next frame is sent immediately', async (t) => {
  const clock = new Clock(1);
  clock.result(clock.send());
  t.equal(clock.waitMs(), 0);
});

test('a full window grows while nothing is dropped', async (t) => {
  const clock = new Clock();
  let inFlight = [clock.send()];
  for (let round = 0; round < 400; round++) {
    for (const frame of inFlight) clock.result(frame);
    inFlight = [];
    while (clock.waitMs() === 0) inFlight.push(clock.send());
  }
  t.equal(inFlight.length, 8, 'up to the limit');
});

test('a window that the camera does not fill does not grow', async (t) => {
  const clock = new Clock();
  for (let i = 0; i < 200; i++) {
    clock.result(clock.send());
    clock.nowMs += 500;
  }
  let burst = 0;
  for (; clock.waitMs() === 0; burst++) clock.send();
  t.ok(burst <= 2, `${burst} at once`);
});

test('drops of the second frame reduce the window to one temporarily', async (t) => {
  const clock = new Clock();
  clock.clean(4);
  for (let i = 0; i < 3; i++) {
    const first = clock.send();
    clock.drop(clock.send());
    clock.result(first);
  }
  for (let i = 0; i < 8; i++) {
    const frame = clock.send();
    t.equal(clock.waitMs(), Number.POSITIVE_INFINITY, 'one in flight');
    clock.result(frame);
  }
  for (let i = 0; i < 20; i++) clock.result(clock.send());
  clock.send();
  t.ok(clock.waitMs() < Number.POSITIVE_INFINITY, 'then it probes for more');
});

test('after drops with nothing else in flight the interval grows, up to one second', async (t) => {
  const clock = new Clock();
  clock.clean(1);
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    clock.nowMs += clock.waitMs();
    const frame = clock.send();
    clock.drop(frame);
    waits.push(clock.waitMs());
  }
  for (const [i, wait] of waits.slice(1).entries()) t.ok(wait >= (waits[i] ?? 0) - 1e-6, `${wait}`);
  t.ok((waits[0] ?? 0) < 2 * roundTripMs, 'the first retry is fast');
  t.ok((waits.at(-1) ?? 0) > 900 && (waits.at(-1) ?? 0) <= 1000);
});

test('frames in flight during a decrease do not cause another one', async (t) => {
  const once = new Clock();
  const thrice = new Clock();
  for (const clock of [once, thrice]) {
    clock.clean(1);
    for (let i = 0; i < 40; i++) clock.result(clock.send());
  }
  const inFlight = [thrice.send(), thrice.send(), thrice.send()];
  const [single] = [once.send(), once.send(), once.send()];
  once.drop(single);
  for (const frame of inFlight) thrice.drop(frame);
  t.equal(thrice.window.fps, once.window.fps);
});

test('each slow_down reduces the rate, down to one frame per second', async (t) => {
  const clock = new Clock();
  clock.clean(30);
  for (let i = 0; i < 50; i++) {
    const before = clock.window.fps;
    clock.window.slowDown(clock.nowMs);
    t.ok(clock.window.fps < before || before <= 1.0001, `${before}`);
  }
  t.ok(Math.abs(clock.window.fps - 1) < 1e-6, `${clock.window.fps}`);
});

/** A single bottleneck that each frame occupies for `bottleneckMs`; results arrive `delayMs` later. */
class Bottleneck {
  readonly clock = new Clock();
  readonly #serviceMs: number;
  #freeMs = 0;
  #inFlight: { frame: SentFrame; doneMs: number }[] = [];

  constructor(ofServiceMs: number) {
    this.#serviceMs = ofServiceMs;
  }

  /** Runs until this many frames are answered. @returns the round trip of each, and the total time. */
  run(frames: number, bottleneckMs: number, delayMs: number): { roundTripsMs: number[]; tookMs: number } {
    const { clock } = this;
    const startMs = clock.nowMs;
    const roundTripsMs: number[] = [];
    while (roundTripsMs.length < frames) {
      for (; clock.waitMs() === 0; this.#inFlight.push({ frame: clock.send(), doneMs: this.#freeMs + delayMs })) {
        this.#freeMs = Math.max(this.#freeMs, clock.nowMs) + bottleneckMs;
      }
      const [next] = this.#inFlight;
      const wakeMs = clock.nowMs + clock.waitMs();
      // Timers fire a little late.
      if (next === undefined || wakeMs < next.doneMs) clock.nowMs = wakeMs + 0.5;
      else {
        clock.nowMs = Math.max(clock.nowMs, next.doneMs);
        clock.window.result(next.frame, clock.nowMs, this.#serviceMs);
        roundTripsMs.push(clock.nowMs - next.frame.sentAtMs);
        this.#inFlight.shift();
      }
    }
    return { roundTripsMs, tookMs: clock.nowMs - startMs };
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('a worker stays busy, and frames wait for it only briefly', async (t) => {
  const bottleneck = new Bottleneck(serviceMs);
  bottleneck.run(100, serviceMs, 2);
  const { roundTripsMs, tookMs } = bottleneck.run(300, serviceMs, 2);
  t.ok(tookMs < 1.03 * 300 * serviceMs, `${tookMs} ms for 300 frames`);
  t.ok(
    meanOf(roundTripsMs) < 1.5 * serviceMs,
    `${meanOf(roundTripsMs)} ms round trip, of which ${serviceMs} ms are service`,
  );
});

test('a slow uplink is used but not saturated', async (t) => {
  const bottleneck = new Bottleneck(serviceMs);
  bottleneck.run(100, 400, serviceMs);
  const { roundTripsMs, tookMs } = bottleneck.run(300, 400, serviceMs);
  // From time to time the uplink drains, so that the minimum network time can be measured.
  t.ok(tookMs < 1.1 * 300 * 400, `${tookMs} ms for 300 frames`);
  t.ok(meanOf(roundTripsMs) < 500 + 400, `${meanOf(roundTripsMs)} ms round trip, 500 at best`);
});

test('a longer network path is detected after some results, and used as well as before', async (t) => {
  const bottleneck = new Bottleneck(50);
  bottleneck.run(100, 50, 2);
  bottleneck.run(60, 50, 100);
  const { tookMs } = bottleneck.run(100, 50, 100);
  t.ok(tookMs < 1.1 * 100 * 50, `${tookMs} ms for 100 frames`);
});

test('network jitter is not mistaken for waiting', async (t) => {
  const clock = new Clock();
  for (let i = 0; i < 300; i++) {
    const frame = clock.send();
    clock.nowMs += serviceMs + 20 + 15 * Math.sin(7 * i);
    clock.window.result(frame, clock.nowMs, serviceMs);
  }
  t.ok(clock.window.fps >= 1000 / (serviceMs + 35), `${clock.window.fps} fps`);
});

test('a result that arrives in a burst is not taken as a sign of waiting', async (t) => {
  const fpsAfter = (behindMs: number) => {
    const clock = new Clock();
    clock.clean(30);
    for (let i = 0; i < 20; i++) {
      const [first, second] = [clock.send(), clock.send()];
      clock.nowMs += roundTripMs;
      clock.window.result(first, clock.nowMs, serviceMs);
      clock.nowMs += behindMs;
      clock.window.result(second, clock.nowMs, serviceMs / 2);
    }
    return clock.window.fps;
  };
  t.ok(fpsAfter(0) > 1.2 * fpsAfter(serviceMs / 2), `${fpsAfter(0)} and ${fpsAfter(serviceMs / 2)} fps`);
});

test('maxFps is respected, and camera jitter does not reduce the rate', async (t) => {
  const clock = new Clock(8, 10);
  let sent = 0;
  for (let frame = 0; frame < 300; frame++) {
    // The requested 10 fps, each frame up to 40 ms early or late.
    clock.nowMs = Math.max(clock.nowMs, 100 * frame + 40 * Math.sin(frame * 7));
    if (clock.waitMs() > 0) continue;
    const sentFrame = clock.send();
    clock.window.result(sentFrame, clock.nowMs + 5, 4);
    sent += 1;
  }
  t.ok(sent >= 290, `${sent} of 300`);
  for (let frame = 0; frame < 3000; frame++) {
    clock.nowMs += 10;
    if (clock.waitMs() > 0) continue;
    clock.window.result(clock.send(), clock.nowMs + 5, 4);
    sent += 1;
  }
  t.ok(sent <= 605, `${sent} of 600`);
});

test('without adapt only the two limits apply', async (t) => {
  const window = new CongestionWindow({ maxInFlight: 3, maxFps: 20, adapt: false });
  t.equal(window.fps, 20);
  let nowMs = 0;
  const frames: SentFrame[] = [];
  for (; frames.length < 3; nowMs += 50) {
    t.equal(window.waitMs(nowMs), 0, `frame ${frames.length} is sent immediately`);
    frames.push(window.sent(nowMs));
  }
  t.equal(window.waitMs(nowMs), Number.POSITIVE_INFINITY, 'maxInFlight is reached');
  for (const frame of frames) window.dropped(frame, nowMs);
  window.slowDown(nowMs);
  t.equal(window.waitMs(nowMs), 0, 'drops and slow_down change nothing');
  t.equal(window.fps, 20);
  for (let frame = 0; frame < 2; frame++) window.dropped(window.sent(nowMs), nowMs);
  t.ok(window.waitMs(nowMs) > 0, 'but maxFps still applies');
});
