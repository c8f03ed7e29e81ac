/** Congestion control: earlier replies decide when the next frame may be sent. Pure: time is passed in. Browser and Node. */

export interface WindowLimits {
  /** Upper limit for frames in flight. */
  readonly maxInFlight: number;
  /** Upper limit for frames per second. */
  readonly maxFps: number;
  /** If false, only the two limits apply; default true. */
  readonly adapt?: boolean;
}

/** What has to be known about a frame in flight when its reply arrives. */
export interface SentFrame {
  readonly sentAtMs: number;
  /** Frames that were already in flight when it was sent. */
  readonly inFlightBefore: number;
}

/** The average number of frames to keep waiting at the gateway, so that a worker that becomes free finds one. */
const targetBacklogFrames = 0.25;
/** The fraction of the difference to the target that the window is corrected by per round trip. */
const gain = 0.6;
/** Multiplicative decrease of the window after a drop or `slow_down`. */
const decreaseFactor = 0.7;
/** Results after a drop until the window grows at full speed again, so that probing for more loses few frames. */
const rampResults = 16;
/** Growth is accelerated up to this factor while nothing waits at all, as at the start: capacity is far away. */
const maxRampFactor = 4;
/** Delays up to this many mean deviations, and up to this many times the minimum network time, count as jitter. */
const jitterFactor = 2;
/** The minimum network time is taken over this many results, up to twice as many; a longer path is detected after them. */
const minFilterResults = 20;
/** A result within this fraction of the expected interval after the previous one may have waited for that one only. */
const burstFraction = 0.1;
/** However congested the path is, a frame is sent this often: nothing else shows when it recovers. */
const maxGapMs = 1000;
/** The assumed round trip before the first measurement. */
const initialRoundTripMs = 100;
/** Weight of the newest sample in exponential moving averages. */
const smoothing = 0.2;
/** A smaller fractional part of the window is not worth a timer. */
const minWindowFraction = 0.2;

/**
 * A congestion window as in TCP Vegas: it has the right size when a small backlog waits, wherever the bottleneck is. The network time
 * is the round trip minus the service time. Whatever exceeds its minimum is waiting time, either in the gateway for a worker or on a
 * slow uplink. The gateway drops little, so drops only cover the remaining cases: a gateway that does not hold frames, or a frame
 * that was held too long.
 *
 * A result frees a worker, so the next frame is sent immediately. The fractional part of the window is reached by sending that
 * fraction of a round trip before the result arrives. Below one, the window is a rate.
 */
export class CongestionWindow {
  readonly #limits: WindowLimits;
  #window = 1;
  #inFlight = 0;
  #roundTripMs = 0;
  /** Network time: smoothed, its smoothed deviation, and the minimum of the current and of the previous filter period. */
  #networkMs = 0;
  #deviationMs = 0;
  #minNetworkMs = Number.POSITIVE_INFINITY;
  #previousMinNetworkMs = Number.POSITIVE_INFINITY;
  #filterResults = 0;
  /** Until the next frame is sent, which must find no other frame of this client waiting. */
  #isDraining = false;
  /** Results since the last drop, reduced to `rampResults` at a sign of waiting. The initial value makes the start fast. */
  #resultsSinceDrop = rampResults * maxRampFactor ** 0.5;
  #lastResultAtMs = Number.NEGATIVE_INFINITY;
  #lastSentAtMs = Number.NEGATIVE_INFINITY;
  #lastSlotAtMs = Number.NEGATIVE_INFINITY;
  #decreasedAtMs = Number.NEGATIVE_INFINITY;
  /** What the window was before the drops since the last sign that frames are taken; undefined without drops. */
  #beforeDrops: { readonly atMs: number; readonly window: number; readonly resultsSinceDrop: number } | undefined;

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

  /** Frames per second that the window currently allows. */
  get fps(): number {
    const { adapt = true, maxFps } = this.#limits;
    return adapt ? Math.min(maxFps, (1000 * this.#window) / this.roundTripMs) : maxFps;
  }

  /** Milliseconds until the next frame may be sent: 0 if now, `Infinity` if only a reply can change it. */
  waitMs(nowMs: number): number {
    const { adapt = true, maxFps, maxInFlight } = this.#limits;
    const gapMs = this.#inFlight > maxInFlight - 1 ? Number.POSITIVE_INFINITY : adapt ? this.#gapMs() : 0;
    if (gapMs === Number.POSITIVE_INFINITY) return gapMs;
    const slotMs = this.#lastSlotAtMs + 1000 / maxFps;
    return Math.max(0, slotMs - nowMs, this.#lastSentAtMs + Math.min(gapMs, maxGapMs) - nowMs);
  }

  /** The interval that the window requires between the last frame and the next; `Infinity` if it is full. */
  #gapMs(): number {
    const whole = Math.floor(this.#window);
    if (this.#isDraining && this.#inFlight > 0) return Number.POSITIVE_INFINITY;
    if (this.#inFlight < whole) return 0;
    const isFull = this.#inFlight > whole || (whole > 0 && this.#window - whole < minWindowFraction);
    return isFull ? Number.POSITIVE_INFINITY : this.roundTripMs / this.#window;
  }

  /** Records a sent frame. */
  sent(nowMs: number): SentFrame {
    const slotMs = 1000 / this.#limits.maxFps;
    // Camera jitter costs nothing: a frame may be early if the previous one was late.
    this.#lastSlotAtMs = Math.max(this.#lastSlotAtMs + slotMs, nowMs - slotMs);
    this.#lastSentAtMs = nowMs;
    this.#isDraining = false;
    return { sentAtMs: nowMs, inFlightBefore: this.#inFlight++ };
  }

  /** Records a result. `serviceMs` is the processing time that the gateway reports. */
  result(frame: SentFrame, nowMs: number, serviceMs: number): void {
    const roundTripMs = nowMs - frame.sentAtMs;
    const isFull = this.#inFlight-- > this.#window - 1;
    const isBurst = nowMs - this.#lastResultAtMs < (burstFraction * this.roundTripMs) / this.#window;
    this.#lastResultAtMs = nowMs;
    this.#resultsSinceDrop += 1;
    this.#roundTripMs = smooth(this.#roundTripMs, roundTripMs);
    if (this.#beforeDrops !== undefined && frame.sentAtMs >= this.#beforeDrops.atMs) this.#beforeDrops = undefined;
    const backlog = (this.#window * this.#excessDelayMs(Math.max(0, roundTripMs - serviceMs))) / this.roundTripMs;
    const step = (gain * (targetBacklogFrames - backlog)) / Math.max(1, this.#window);
    // A window that the camera does not fill is no reason to increase it.
    if (step > 0)
      this.#resize(isFull ? step * Math.min(maxRampFactor, (this.#resultsSinceDrop / rampResults) ** 2) : 0);
    else if (!isBurst) {
      this.#resultsSinceDrop = Math.min(this.#resultsSinceDrop, rampResults);
      if (this.#mayDecrease(frame)) this.#resize(step);
    }
  }

  /** Records a dropped frame. */
  dropped(frame: SentFrame, nowMs: number): void {
    this.#inFlight -= 1;
    this.#beforeDrops ??= { atMs: nowMs, window: this.#window, resultsSinceDrop: this.#resultsSinceDrop };
    this.#resultsSinceDrop = 0;
    // The frames before it were not dropped, so that many fit.
    if (this.#mayDecrease(frame)) this.#decrease(Math.min(this.#window, frame.inFlightBefore), nowMs);
  }

  /** The gateway reports a high drop rate. */
  slowDown(nowMs: number): void {
    this.#beforeDrops = undefined;
    this.#resultsSinceDrop = 0;
    this.#decrease(0, nowMs);
  }

  /**
   * The gateway has asked the client to move, and the next connection goes on at the same rate. Nothing is in flight. The frames dropped
   * last were dropped for the move and not for want of capacity. The new path is measured from the start.
   */
  moved(): void {
    if (this.#beforeDrops !== undefined) {
      this.#window = this.#beforeDrops.window;
      this.#resultsSinceDrop = this.#beforeDrops.resultsSinceDrop;
    }
    this.#beforeDrops = undefined;
    this.#resultsSinceDrop = Math.min(this.#resultsSinceDrop, rampResults);
    this.#inFlight = this.#filterResults = 0;
    this.#networkMs = this.#deviationMs = 0;
    this.#minNetworkMs = this.#previousMinNetworkMs = Number.POSITIVE_INFINITY;
    this.#isDraining = false;
  }

  #decrease(minWindow: number, nowMs: number): void {
    this.#decreasedAtMs = nowMs;
    this.#resize(Math.max(minWindow, this.#window * decreaseFactor) - this.#window);
  }

  #resize(step: number): void {
    const minWindow = Math.min(1, this.roundTripMs / maxGapMs);
    this.#window = Math.min(this.#limits.maxInFlight, Math.max(minWindow, this.#window + step));
  }

  /** Frames that were in flight during the last decrease do not cause another one. */
  #mayDecrease(frame: SentFrame): boolean {
    return frame.sentAtMs >= this.#decreasedAtMs;
  }

  /** The time above the recent minimum network time, minus what jitter explains. */
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
