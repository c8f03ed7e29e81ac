/** Decides when the next frame may go, from what became of those before it. Pure: time comes in. Browser and Node. */

export interface PaceLimits {
  /** Never more frames in flight than this. */
  readonly maxInFlight: number;
  /** Never more frames a second than this. */
  readonly maxFps: number;
  /** Without it only the two limits hold: true. */
  readonly adapt?: boolean;
}

/** A frame on its way: what has to be known of it when its reply comes. */
export interface Departure {
  readonly sentAtMs: number;
  /** Frames that were in flight already when it went. */
  readonly before: number;
}

/** What is left of the window after a drop that its size is to blame for, or after replies that come late. */
const decrease = 0.7;
/** Clean results in a row after which the window grows again: at most one frame in so many is lost to asking for more. */
const patience = 24;
/** By how much more the window grows with each further clean result: first a little, to find the edge, then boldly. */
const acceleration = 0.02;
/** By how much it grows in one round trip at most. */
const growth = 0.5;
/** Below a window of one others hold the workers: a drop, or `slow_down`, leaves so much of it, a result adds so much. */
const sharedDecrease = 0.9;
const sharedGrowth = 0.02;
/** So many clean results, and each as many more, double that growth, treble it, and so on: the others may have gone. */
const sharedPatience = 8;
/** After a drop with nothing else in flight the next frame goes after this part of a round trip, then after longer. */
const firstRetry = 0.5;
const retryFactor = 1.5;
/** However bad it is, a frame goes this often: nothing else would tell that it is better. */
const longestGapMs = 1000;
/** A round trip, until one was seen. */
const assumedRoundTripMs = 100;
/** Weight of the newest value in smoothed times. */
const smoothing = 0.2;
/** A part of the window smaller than this is not worth a timer. */
const leastPart = 0.05;
/** Replies may be this late without anything standing in line. */
const latenessAllowedMs = 20;

/**
 * A congestion window, as TCP has one, for a server without a queue. Additive increase, multiplicative decrease, one decrease in
 * a round trip. A result frees a worker, so the next frame follows it at once; the part of the window behind the point is
 * reached by sending before the result is here, that part of a round trip early: only that fills a far worker.
 */
export class Pace {
  readonly #limits: PaceLimits;
  #window = 1;
  #inFlight = 0;
  #roundTripMs = 0;
  #serviceMs = 0;
  /** The way alone, without service, when nothing of ours stands in line on it. */
  #wayMs = 0;
  /** Results since the last drop. It starts where growth is at its boldest. */
  #clean = patience + growth / acceleration;
  /** The window from which it grew, after it was held through `patience` clean results. */
  #proven = 1;
  #lastStep = 0;
  /** Drops since the last result. */
  #refusals = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #slotAtMs = Number.NEGATIVE_INFINITY;
  #decreasedAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Smoothed time from a frame to its result, in milliseconds. */
  get roundTripMs(): number {
    return this.#roundTripMs || assumedRoundTripMs;
  }

  /** Frames a second that the window allows now. */
  get fps(): number {
    const { adapt = true, maxFps } = this.#limits;
    return adapt ? Math.min(maxFps, (1000 * this.#window) / this.roundTripMs) : maxFps;
  }

  /** Milliseconds until the next frame may go: 0 when it may now, `Infinity` when only a reply can change it. */
  waitMs(nowMs: number): number {
    const { adapt = true, maxFps, maxInFlight } = this.#limits;
    const gapMs = this.#inFlight > maxInFlight - 1 ? Number.POSITIVE_INFINITY : adapt ? this.#gapMs() : 0;
    if (gapMs === Number.POSITIVE_INFINITY) return gapMs;
    const slotMs = this.#slotAtMs + 1000 / maxFps;
    return Math.max(0, slotMs - nowMs, this.#sentAtMs + Math.min(gapMs, longestGapMs) - nowMs);
  }

  /** Time that the window leaves between the last frame and the next; `Infinity` when it is full. */
  #gapMs(): number {
    const whole = Math.floor(this.#window);
    if (this.#inFlight > whole) return Number.POSITIVE_INFINITY;
    if (this.#refusals > 0 && this.#inFlight === 0) {
      return this.roundTripMs * firstRetry * retryFactor ** (this.#refusals - 1);
    }
    if (this.#refusals === 0 && this.#inFlight < whole) return 0;
    return whole > 0 && this.#window - whole < leastPart ? Number.POSITIVE_INFINITY : this.roundTripMs / this.#window;
  }

  /** Counts a frame that goes. */
  sent(nowMs: number): Departure {
    const slotMs = 1000 / this.#limits.maxFps;
    // A camera's own jitter costs nothing: one frame may be early for another that was late.
    this.#slotAtMs = Math.max(this.#slotAtMs + slotMs, nowMs - slotMs);
    this.#sentAtMs = nowMs;
    return { sentAtMs: nowMs, before: this.#inFlight++ };
  }

  /** Counts a result. `serviceMs` is how long the gateway worked on it, by its own account. */
  result(frame: Departure, nowMs: number, serviceMs: number): void {
    const tripMs = nowMs - frame.sentAtMs;
    const isFull = this.#inFlight-- > this.#window - 1;
    this.#refusals = 0;
    this.#clean += 1;
    this.#roundTripMs = smooth(this.#roundTripMs, tripMs);
    this.#serviceMs = smooth(this.#serviceMs, serviceMs);
    const late = this.#isLate(tripMs - serviceMs);
    if (this.#window < 1) {
      const streak = 1 + Math.floor(this.#clean / sharedPatience);
      this.#window = Math.min(1, this.#window + sharedGrowth * streak);
    } else if (late) {
      this.#clean = 0;
      if (this.#mayDecrease(frame, nowMs)) this.#window = Math.max(1, this.#window * decrease);
    } else if (isFull) this.#grow();
  }

  /** Counts a frame that the gateway did not take. */
  dropped(frame: Departure, nowMs: number): void {
    const grew = this.#clean > patience;
    this.#inFlight -= 1;
    this.#refusals += 1;
    this.#clean = 0;
    if (!this.#mayDecrease(frame, nowMs)) return;
    if (frame.before === 0) this.#yield(Math.min(1, this.#window));
    else {
      // The frames before it had been taken, so as many fit. After asking for more it is enough to take the question back.
      const back = grew ? Math.max(this.#proven, this.#window - 2 * this.#lastStep) : this.#window * decrease;
      this.#window = Math.max(back, Math.min(this.#window, frame.before));
    }
  }

  /** The gateway says that too many were dropped of late. */
  slowDown(nowMs: number): void {
    this.#clean = 0;
    this.#decreasedAtMs = nowMs;
    this.#yield(this.#window);
  }

  #grow(): void {
    if (this.#clean <= patience) {
      this.#proven = this.#window;
      return;
    }
    this.#lastStep = Math.min(growth, acceleration * (this.#clean - patience)) / this.#window;
    this.#window = Math.min(this.#limits.maxInFlight, this.#window + this.#lastStep);
  }

  #yield(window: number): void {
    this.#window = Math.max(window * sharedDecrease, this.roundTripMs / longestGapMs);
  }

  /**
   * A gateway has no queue, but a slow uplink has: there more frames in flight only grow old. Seen from what a round trip takes
   * besides service (as TCP Vegas does), against what it takes while a single frame is on the way.
   */
  #isLate(wayMs: number): boolean {
    this.#wayMs = this.#window > 1 ? Math.min(this.#wayMs, wayMs) : smooth(this.#wayMs, wayMs);
    // Results come in order, so one may wait for another's service without any fault of the way.
    return this.#window > 1 && wayMs > 2 * this.#wayMs + this.#serviceMs + latenessAllowedMs;
  }

  /** One decrease for all frames of a round trip: those that were on the way at the last one knew nothing of it. */
  #mayDecrease(frame: Departure, nowMs: number): boolean {
    if (frame.sentAtMs < this.#decreasedAtMs) return false;
    this.#decreasedAtMs = nowMs;
    return true;
  }
}

function smooth(average: number, value: number): number {
  return average === 0 ? value : average + smoothing * (value - average);
}
