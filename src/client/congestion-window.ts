/** Decides when the next frame may go, from what became of those before it. Pure: time comes in. Browser and Node. */

export interface WindowLimits {
  /** Never more frames in flight than this. */
  readonly maxInFlight: number;
  /** Never more frames a second than this. */
  readonly maxFps: number;
  /** Without it only the two limits hold: true. */
  readonly adapt?: boolean;
}

/** A frame on its way: what has to be known of it when its reply comes. */
export interface SentFrame {
  readonly sentAtMs: number;
  /** Frames that were in flight already when it went. */
  readonly before: number;
}

/** As much of a frame is kept waiting at the gateway, on average, so that a worker that is freed finds one. */
const targetBacklogFrames = 0.25;
/** In one round trip the window goes this part of its way there. */
const gain = 0.6;
/** What a drop, or `slow_down`, leaves of the window. */
const decreaseFactor = 0.7;
/** So many results after a drop the window grows at full speed again: few frames are lost to asking for more. */
const rampResults = 16;
/** It grows faster by up to this factor while nothing waits at all, as at the start: the edge is far. */
const maxRampFactor = 4;
/** A reply may be late by so many mean deviations of the way, and by so many times the way: that is jitter. */
const jitterFactor = 2;
/** The quickest way counts for so many results, or up to twice as many; a way that has become longer is known after them. */
const minFilterResults = 20;
/** A reply may have waited for the one before it alone, where it comes within this part of the usual time behind it. */
const burstFraction = 0.1;
/** However bad it is, a frame goes this often: nothing else would tell that it is better. */
const maxGapMs = 1000;
/** A round trip, until one was seen. */
const initialRoundTripMs = 100;
/** Weight of the newest value in smoothed times. */
const smoothing = 0.2;
/** A part of the window smaller than this is not worth a timer. */
const minWindowFraction = 0.2;

/**
 * A congestion window, as TCP Vegas has one: it is right when a little stands in line, wherever the line is. What a round trip takes
 * besides service is the way, and above the quickest way it is waiting: in the gateway for a worker, or on a slow uplink. The gateway
 * drops little, so drops are for the rest: a gateway that holds nothing, a frame that waited for too long.
 *
 * A result frees a worker, so the next frame follows it at once; the part of the window behind the point is reached by sending
 * before the result is here, that part of a round trip early. Below one, the window is a rate.
 */
export class CongestionWindow {
  readonly #limits: WindowLimits;
  #window = 1;
  #inFlight = 0;
  #roundTripMs = 0;
  /** Of the way: smoothed, its smoothed deviation, and the least of two spans of results. */
  #networkMs = 0;
  #deviationMs = 0;
  #minNetworkMs = Number.POSITIVE_INFINITY;
  #previousMinNetworkMs = Number.POSITIVE_INFINITY;
  #filterResults = 0;
  /** Until the next frame goes, which shall find no other of ours in line. */
  #isDraining = false;
  /** Results since the last drop; no more than `patience` count from before the last sign of waiting. It starts boldly. */
  #resultsSinceDrop = rampResults * maxRampFactor ** 0.5;
  #lastResultAtMs = Number.NEGATIVE_INFINITY;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #lastSlotAtMs = Number.NEGATIVE_INFINITY;
  #decreasedAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Smoothed time from a frame to its result, in milliseconds. */
  get roundTripMs(): number {
    return this.#roundTripMs || initialRoundTripMs;
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
    const slotMs = this.#lastSlotAtMs + 1000 / maxFps;
    return Math.max(0, slotMs - nowMs, this.#sentAtMs + Math.min(gapMs, maxGapMs) - nowMs);
  }

  /** Time that the window leaves between the last frame and the next; `Infinity` when it is full. */
  #gapMs(): number {
    const whole = Math.floor(this.#window);
    if (this.#isDraining && this.#inFlight > 0) return Number.POSITIVE_INFINITY;
    if (this.#inFlight < whole) return 0;
    const isFull = this.#inFlight > whole || (whole > 0 && this.#window - whole < minWindowFraction);
    return isFull ? Number.POSITIVE_INFINITY : this.roundTripMs / this.#window;
  }

  /** Counts a frame that goes. */
  sent(nowMs: number): SentFrame {
    const slotMs = 1000 / this.#limits.maxFps;
    // A camera's own jitter costs nothing: one frame may be early for another that was late.
    this.#lastSlotAtMs = Math.max(this.#lastSlotAtMs + slotMs, nowMs - slotMs);
    this.#sentAtMs = nowMs;
    this.#isDraining = false;
    return { sentAtMs: nowMs, before: this.#inFlight++ };
  }

  /** Counts a result. `serviceMs` is how long the gateway worked on it, by its own account. */
  result(frame: SentFrame, nowMs: number, serviceMs: number): void {
    const tripMs = nowMs - frame.sentAtMs;
    const isFull = this.#inFlight-- > this.#window - 1;
    const isBurst = nowMs - this.#lastResultAtMs < (burstFraction * this.roundTripMs) / this.#window;
    this.#lastResultAtMs = nowMs;
    this.#resultsSinceDrop += 1;
    this.#roundTripMs = smooth(this.#roundTripMs, tripMs);
    const waiting = (this.#window * this.#excessDelayMs(Math.max(0, tripMs - serviceMs))) / this.roundTripMs;
    const step = (gain * (targetBacklogFrames - waiting)) / Math.max(1, this.#window);
    // A window that the camera does not fill says nothing about a larger one.
    if (step > 0)
      this.#resize(isFull ? step * Math.min(maxRampFactor, (this.#resultsSinceDrop / rampResults) ** 2) : 0);
    else if (!isBurst) {
      this.#resultsSinceDrop = Math.min(this.#resultsSinceDrop, rampResults);
      if (this.#canDecrease(frame)) this.#resize(step);
    }
  }

  /** Counts a frame that the gateway did not take, or not for long enough. */
  dropped(frame: SentFrame, nowMs: number): void {
    this.#inFlight -= 1;
    this.#resultsSinceDrop = 0;
    // Those before it had been taken, so as many fit.
    if (this.#canDecrease(frame)) this.#decrease(Math.min(this.#window, frame.before), nowMs);
  }

  /** The gateway says that too many were dropped of late. */
  slowDown(nowMs: number): void {
    this.#resultsSinceDrop = 0;
    this.#decrease(0, nowMs);
  }

  #decrease(least: number, nowMs: number): void {
    this.#decreasedAtMs = nowMs;
    this.#resize(Math.max(least, this.#window * decreaseFactor) - this.#window);
  }

  #resize(step: number): void {
    const least = Math.min(1, this.roundTripMs / maxGapMs);
    this.#window = Math.min(this.#limits.maxInFlight, Math.max(least, this.#window + step));
  }

  /** Frames that were on the way at the last cut knew nothing of it. */
  #canDecrease(frame: SentFrame): boolean {
    return frame.sentAtMs >= this.#decreasedAtMs;
  }

  /** By how much a way is longer than the quickest one of late, less what jitter explains. */
  #excessDelayMs(networkMs: number): number {
    this.#networkMs ||= networkMs;
    this.#deviationMs = smooth(this.#deviationMs, Math.abs(networkMs - this.#networkMs));
    this.#networkMs = smooth(this.#networkMs, networkMs);
    if (this.#filterResults === minFilterResults) {
      this.#isDraining = this.#minNetworkMs > this.#previousMinNetworkMs + this.#deviationMs;
      this.#previousMinNetworkMs = this.#minNetworkMs;
      this.#minNetworkMs = networkMs;
      this.#filterResults = 0;
    }
    this.#filterResults += 1;
    this.#minNetworkMs = Math.min(this.#minNetworkMs, networkMs);
    const minMs = Math.min(this.#minNetworkMs, this.#previousMinNetworkMs);
    return Math.max(0, networkMs - minMs - jitterFactor * Math.min(this.#deviationMs, minMs));
  }
}

function smooth(average: number, value: number): number {
  return average === 0 ? value : average + smoothing * (value - average);
}
