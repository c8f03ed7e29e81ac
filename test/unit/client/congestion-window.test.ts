/** The rules of the pace one by one. */
import { test } from 'tap';
import { CongestionWindow, type SentFrame } from '../../../src/client/congestion-window.ts';

const serviceMs = 100;
const tripMs = 102;

/** A pace with a clock that only the test moves. */
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
    this.nowMs = Math.max(this.nowMs, frame.sentAtMs + tripMs);
    this.window.result(frame, this.nowMs, serviceMs);
  }

  drop(frame: SentFrame): void {
    this.nowMs += 1;
    this.window.dropped(frame, this.nowMs);
  }

  /** One frame after the other, each with its result. */
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

test('the first frame may go at once, the second not before something is known', async (t) => {
  const clock = new Clock();
  t.equal(clock.waitMs(), 0);
  clock.send();
  t.equal(clock.waitMs(), Number.POSITIVE_INFINITY);
});

test('a result lets the next frame go at once', async (t) => {
  const clock = new Clock(1);
  clock.result(clock.send());
  t.equal(clock.waitMs(), 0);
});

test('the window grows while it is filled and nothing is dropped', async (t) => {
  const clock = new Clock();
  let flying = [clock.send()];
  for (let round = 0; round < 400; round++) {
    for (const frame of flying) clock.result(frame);
    flying = [];
    while (clock.waitMs() === 0) flying.push(clock.send());
  }
  t.equal(flying.length, 8, 'up to the limit');
});

test('the window does not grow for a camera that does not fill it', async (t) => {
  const clock = new Clock();
  for (let i = 0; i < 200; i++) {
    clock.result(clock.send());
    clock.nowMs += 500;
  }
  let burst = 0;
  for (; clock.waitMs() === 0; burst++) clock.send();
  t.ok(burst <= 2, `${burst} at once`);
});

test('drops of the second frame take the window back to one, for a while', async (t) => {
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
  t.ok(clock.waitMs() < Number.POSITIVE_INFINITY, 'then more is asked for');
});

test('after a drop with nothing in flight frames go ever more seldom, but at least one a second', async (t) => {
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
  t.ok((waits[0] ?? 0) < 2 * tripMs, 'the first time soon');
  t.ok((waits.at(-1) ?? 0) > 900 && (waits.at(-1) ?? 0) <= 1000);
});

test('frames that were on the way at a decrease do not decrease again', async (t) => {
  const once = new Clock();
  const thrice = new Clock();
  for (const clock of [once, thrice]) {
    clock.clean(1);
    for (let i = 0; i < 40; i++) clock.result(clock.send());
  }
  const flying = [thrice.send(), thrice.send(), thrice.send()];
  const [single] = [once.send(), once.send(), once.send()];
  once.drop(single);
  for (const frame of flying) thrice.drop(frame);
  t.equal(thrice.window.fps, once.window.fps);
});

test('slow_down makes the rate smaller, again and again down to one frame a second', async (t) => {
  const clock = new Clock();
  clock.clean(30);
  for (let i = 0; i < 50; i++) {
    const before = clock.window.fps;
    clock.window.slowDown(clock.nowMs);
    t.ok(clock.window.fps < before || before <= 1.0001, `${before}`);
  }
  t.ok(Math.abs(clock.window.fps - 1) < 1e-6, `${clock.window.fps}`);
});

/** One line in which frames stand, each for `lineMs`; they are answered `restMs` later. */
class Line {
  readonly clock = new Clock();
  readonly #serviceMs: number;
  #freeMs = 0;
  #flying: { frame: SentFrame; doneMs: number }[] = [];

  constructor(ofServiceMs: number) {
    this.#serviceMs = ofServiceMs;
  }

  /** Lets so many frames be answered. @returns how long each was on the way, and how long it took. */
  run(frames: number, lineMs: number, restMs: number): { tripsMs: number[]; tookMs: number } {
    const { clock } = this;
    const startMs = clock.nowMs;
    const tripsMs: number[] = [];
    while (tripsMs.length < frames) {
      for (; clock.waitMs() === 0; this.#flying.push({ frame: clock.send(), doneMs: this.#freeMs + restMs })) {
        this.#freeMs = Math.max(this.#freeMs, clock.nowMs) + lineMs;
      }
      const [next] = this.#flying;
      const wakeMs = clock.nowMs + clock.waitMs();
      // Timers fire a little late.
      if (next === undefined || wakeMs < next.doneMs) clock.nowMs = wakeMs + 0.5;
      else {
        clock.nowMs = Math.max(clock.nowMs, next.doneMs);
        clock.window.result(next.frame, clock.nowMs, this.#serviceMs);
        tripsMs.push(clock.nowMs - next.frame.sentAtMs);
        this.#flying.shift();
      }
    }
    return { tripsMs, tookMs: clock.nowMs - startMs };
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('a worker is kept busy, and frames wait for it only a little', async (t) => {
  const line = new Line(serviceMs);
  line.run(100, serviceMs, 2);
  const { tripsMs, tookMs } = line.run(300, serviceMs, 2);
  t.ok(tookMs < 1.03 * 300 * serviceMs, `${tookMs} ms for 300 frames`);
  t.ok(meanOf(tripsMs) < 1.5 * serviceMs, `${meanOf(tripsMs)} ms on the way, of which ${serviceMs} are service`);
});

test('a slow uplink is used and not filled', async (t) => {
  const line = new Line(serviceMs);
  line.run(100, 400, serviceMs);
  const { tripsMs, tookMs } = line.run(300, 400, serviceMs);
  // Once in a while the line is let run empty, to see how long the way is.
  t.ok(tookMs < 1.1 * 300 * 400, `${tookMs} ms for 300 frames`);
  t.ok(meanOf(tripsMs) < 500 + 400, `${meanOf(tripsMs)} ms on the way, at best 500`);
});

test('a way that has become longer is known after some results, and used as the one before it', async (t) => {
  const line = new Line(50);
  line.run(100, 50, 2);
  line.run(60, 50, 100);
  const { tookMs } = line.run(100, 50, 100);
  t.ok(tookMs < 1.1 * 100 * 50, `${tookMs} ms for 100 frames`);
});

test('a way that is different for every frame is no line', async (t) => {
  const clock = new Clock();
  for (let i = 0; i < 300; i++) {
    const frame = clock.send();
    clock.nowMs += serviceMs + 20 + 15 * Math.sin(7 * i);
    clock.window.result(frame, clock.nowMs, serviceMs);
  }
  t.ok(clock.window.fps >= 1000 / (serviceMs + 35), `${clock.window.fps} fps`);
});

test('a result that comes together with the one before it says nothing of a line', async (t) => {
  const fpsAfter = (behindMs: number) => {
    const clock = new Clock();
    clock.clean(30);
    for (let i = 0; i < 20; i++) {
      const [first, second] = [clock.send(), clock.send()];
      clock.nowMs += tripMs;
      clock.window.result(first, clock.nowMs, serviceMs);
      clock.nowMs += behindMs;
      clock.window.result(second, clock.nowMs, serviceMs / 2);
    }
    return clock.window.fps;
  };
  t.ok(fpsAfter(0) > 1.2 * fpsAfter(serviceMs / 2), `${fpsAfter(0)} and ${fpsAfter(serviceMs / 2)} fps`);
});

test('a limit of frames a second holds, and a camera’s jitter is not held against it', async (t) => {
  const clock = new Clock(8, 10);
  let sent = 0;
  for (let frame = 0; frame < 300; frame++) {
    // 10 fps as it is asked for, each picture up to 40 ms early or late.
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

test('without adapting only the two limits hold, whatever became of the frames', async (t) => {
  const window = new CongestionWindow({ maxInFlight: 3, maxFps: 20, adapt: false });
  t.equal(window.fps, 20);
  let nowMs = 0;
  const frames: SentFrame[] = [];
  for (; frames.length < 3; nowMs += 50) {
    t.equal(window.waitMs(nowMs), 0, `frame ${frames.length} goes at once`);
    frames.push(window.sent(nowMs));
  }
  t.equal(window.waitMs(nowMs), Number.POSITIVE_INFINITY, 'as many are in flight as may be');
  for (const frame of frames) window.dropped(frame, nowMs);
  window.slowDown(nowMs);
  t.equal(window.waitMs(nowMs), 0, 'drops and slow_down change nothing');
  t.equal(window.fps, 20);
  for (let frame = 0; frame < 2; frame++) window.dropped(window.sent(nowMs), nowMs);
  t.ok(window.waitMs(nowMs) > 0, 'but the rate is kept');
});
