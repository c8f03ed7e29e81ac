/** Rates, drops and round trips of the last minute, in half seconds. Pure: time is an argument. */
import { percentile } from '../statistics.ts';

/** Half a second of the last minute. */
export interface Moment {
  readonly sent: number;
  readonly results: number;
  readonly dropped: number;
  /** Milliseconds; undefined without results. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

export interface Snapshot {
  readonly sentFps: number;
  readonly resultFps: number;
  /** Part of the replies, 0 to 1. */
  readonly dropRate: number;
  /** Of the last result, and percentiles over the last minute; undefined before the first result. */
  readonly roundTripMs: { readonly now: number; readonly p50: number; readonly p95: number } | undefined;
  /** The last minute, oldest first; always {@link momentCount}. */
  readonly moments: readonly Moment[];
}

interface Bucket {
  readonly number: number;
  sent: number;
  dropped: number;
  readonly tripsMs: number[];
}

const momentMs = 500;
export const momentCount = 120;
/** Rates are computed over this many completed moments. */
const rateMoments = 4;

export class Statistics {
  /** Oldest first; moments without events have no bucket. */
  #buckets: Bucket[] = [];
  #lastTripMs: number | undefined;
  #startedMs: number | undefined;

  sent(nowMs: number): void {
    this.#at(nowMs).sent += 1;
  }

  dropped(nowMs: number): void {
    this.#at(nowMs).dropped += 1;
  }

  result(nowMs: number, roundTripMs: number): void {
    this.#at(nowMs).tripsMs.push(roundTripMs);
    this.#lastTripMs = roundTripMs;
  }

  snapshot(nowMs: number): Snapshot {
    const current = Math.floor(nowMs / momentMs);
    this.#forget(current);
    const recent = this.#buckets.filter(({ number }) => number < current && number >= current - rateMoments);
    const seconds = this.#rateSeconds(current);
    const sum = (count: (bucket: Bucket) => number) => recent.reduce((total, bucket) => total + count(bucket), 0);
    const results = sum(({ tripsMs }) => tripsMs.length);
    const dropped = sum((bucket) => bucket.dropped);
    const trips = sorted(this.#buckets.flatMap(({ tripsMs }) => tripsMs));
    const now = this.#lastTripMs;
    return {
      sentFps: sum(({ sent }) => sent) / seconds,
      resultFps: results / seconds,
      dropRate: dropped === 0 ? 0 : dropped / (dropped + results),
      roundTripMs:
        now === undefined || trips.length === 0
          ? undefined
          : { now, p50: percentile(trips, 0.5), p95: percentile(trips, 0.95) },
      moments: this.#moments(current),
    };
  }

  /** Just after the start, less than the full span is available. */
  #rateSeconds(current: number): number {
    const started = Math.floor((this.#startedMs ?? 0) / momentMs);
    return (Math.min(rateMoments, Math.max(1, current - started)) * momentMs) / 1000;
  }

  #at(nowMs: number): Bucket {
    this.#startedMs ??= nowMs;
    const number = Math.floor(nowMs / momentMs);
    const last = this.#buckets.at(-1);
    if (last?.number === number) return last;
    const bucket = { number, sent: 0, dropped: 0, tripsMs: [] };
    this.#forget(number);
    this.#buckets.push(bucket);
    return bucket;
  }

  #forget(current: number): void {
    while ((this.#buckets[0]?.number ?? current) <= current - momentCount) this.#buckets.shift();
  }

  #moments(current: number): Moment[] {
    const byNumber = new Map(this.#buckets.map((bucket) => [bucket.number, bucket]));
    return Array.from({ length: momentCount }, (_, index) => {
      const bucket = byNumber.get(current - momentCount + 1 + index);
      const trips = sorted(bucket?.tripsMs ?? []);
      return {
        sent: bucket?.sent ?? 0,
        results: trips.length,
        dropped: bucket?.dropped ?? 0,
        p50Ms: trips.length > 0 ? percentile(trips, 0.5) : undefined,
        p95Ms: trips.length > 0 ? percentile(trips, 0.95) : undefined,
      };
    });
  }
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
