/** Who gets a free worker: counters and arrival times of every session, and the decision from them. Pure: time comes in. */
import type { Verdict } from './pool.ts';

/** What is known of one session's frames. Times are monotonic milliseconds. */
interface Share {
  inFlight: number;
  lastArrivalMs: number;
  lastServedMs: number;
  /** Smoothed time between frames; 0 until two have arrived. */
  intervalMs: number;
  /** Frames served lately: each counts one when it is taken and fades with {@link fadeMs}. */
  served: number;
}

/** Weight of the newest value in the smoothed frame interval and service time. */
const smoothing = 0.2;
/** Time in which a served frame fades to 1/e in the count of what a session got lately. */
const fadeMs = 3000;
/** A session gives way only to one that got clearly less: below this part of what it got itself. */
const clearlyLess = 0.9;
/** A session that has sent nothing for this long, or for three of its intervals, does not count as a rival. */
const activeMs = 1000;
const activeIntervals = 3;
/** A camera may be this part of its interval late and still be expected. */
const latenessAllowed = 0.25;

export class FairShare {
  readonly #shares = new Map<string, Share>();
  #serviceMs = 0;
  #inFlight = 0;

  open(sessionId: string): void {
    this.#shares.set(sessionId, {
      inFlight: 0,
      lastArrivalMs: Number.NEGATIVE_INFINITY,
      lastServedMs: Number.NEGATIVE_INFINITY,
      intervalMs: 0,
      served: 0,
    });
  }

  close(sessionId: string): void {
    this.#shares.delete(sessionId);
  }

  get sessions(): number {
    return this.#shares.size;
  }

  /** Frames taken and not answered, of all sessions, closed ones too. */
  get inFlight(): number {
    return this.#inFlight;
  }

  inFlightOf(sessionId: string): number {
    return this.#shares.get(sessionId)?.inFlight ?? 0;
  }

  /**
   * Decides on a frame that has just arrived.
   * @param free idle workers; @param workers all that serve.
   */
  arrive(sessionId: string, nowMs: number, free: number, workers: number): Verdict {
    const share = this.#shares.get(sessionId);
    if (share === undefined) return 'session_limit';
    noteArrival(share, nowMs);
    if (free === 0) return 'pool_full';
    const rivals = this.#activeRivals(sessionId, nowMs);
    const limit = Math.max(1, Math.ceil(workers / (rivals.length + 1)));
    if (share.inFlight >= limit) return 'session_limit';
    const before = rivals.filter((rival) => this.#goesBefore(rival, share, nowMs, limit));
    return before.length >= free ? 'yielded' : 'accepted';
  }

  /** Counts an accepted frame. */
  taken(sessionId: string, nowMs: number): void {
    this.#inFlight += 1;
    const share = this.#shares.get(sessionId);
    if (share === undefined) return;
    share.inFlight += 1;
    share.served = servedLately(share, nowMs) + 1;
    share.lastServedMs = nowMs;
  }

  /** Counts its answer. `serviceMs` is how long it occupied a worker, where that is a measure for other frames. */
  answered(sessionId: string, serviceMs: number | undefined): void {
    this.#inFlight -= 1;
    if (serviceMs !== undefined) this.#serviceMs = smooth(this.#serviceMs, serviceMs);
    const share = this.#shares.get(sessionId);
    if (share !== undefined) share.inFlight -= 1;
  }

  #activeRivals(sessionId: string, nowMs: number): Share[] {
    const rivals: Share[] = [];
    for (const [id, share] of this.#shares) {
      const silenceMs = nowMs - share.lastArrivalMs;
      if (id !== sessionId && silenceMs <= Math.max(activeMs, activeIntervals * share.intervalMs)) rivals.push(share);
    }
    return rivals;
  }

  /**
   * A rival that was served longer ago, and clearly less of late, goes first if its next frame is due before this one would
   * be done: taking this one would make the rival's the frame that is dropped. Cameras at equal rates arrive in a fixed phase,
   * so without this the same ones would lose for ever. Where the phases drift, chance is fair enough, and keeping a worker
   * idle for a rival would only cost: hence "clearly".
   */
  #goesBefore(rival: Share, share: Share, nowMs: number, limit: number): boolean {
    if (rival.lastServedMs >= share.lastServedMs || rival.inFlight >= limit || rival.intervalMs === 0) return false;
    if (servedLately(rival, nowMs) >= clearlyLess * servedLately(share, nowMs)) return false;
    const dueInMs = rival.lastArrivalMs + rival.intervalMs - nowMs;
    return dueInMs <= this.#serviceMs && dueInMs >= -latenessAllowed * rival.intervalMs;
  }
}

function servedLately(share: Share, nowMs: number): number {
  return share.served === 0 ? 0 : share.served * Math.exp((share.lastServedMs - nowMs) / fadeMs);
}

function noteArrival(share: Share, nowMs: number): void {
  const sinceLastMs = nowMs - share.lastArrivalMs;
  if (Number.isFinite(sinceLastMs)) share.intervalMs = smooth(share.intervalMs, sinceLastMs);
  share.lastArrivalMs = nowMs;
}

function smooth(average: number, value: number): number {
  return average === 0 ? value : average + smoothing * (value - average);
}
