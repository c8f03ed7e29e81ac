/** What the last minute was like: rates, drops and round trips, in half seconds. Pure: time comes in. */

/** A half second of the last minute. */
export interface Moment {
  readonly sent: number;
  readonly answered: number;
  readonly dropped: number;
  /** Milliseconds; undefined where nothing was answered. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
}

export interface Snapshot {
  readonly sentFps: number;
  readonly answeredFps: number;
  /** Of the frames with a reply, 0 to 1. */
  readonly dropRate: number;
  /** Of the last result, and of the last minute; undefined before the first. */
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
/** Rates are those of so many moments that are over. */
const rateMoments = 4;

export class Statistics {
  /** Oldest first; moments in which nothing happened have none. */
  #buckets: Bucket[] = [];
  #lastTripMs: number | undefined;
  #startedMs: number | undefined;

  sent(nowMs: number): void {
    this.#at(nowMs).sent += 1;
  }

  dropped(nowMs: number): void {
    this.#at(nowMs).dropped += 1;
  }

  answered(nowMs: number, roundTripMs: number): void {
    this.#at(nowMs).tripsMs.push(roundTripMs);
    this.#lastTripMs = roundTripMs;
  }

  snapshot(nowMs: number): Snapshot {
    const current = Math.floor(nowMs / momentMs);
    this.#forget(current);
    const recent = this.#buckets.filter(({ number }) => number < current && number >= current - rateMoments);
    const seconds = this.#rateSeconds(current);
    const sum = (count: (bucket: Bucket) => number) => recent.reduce((total, bucket) => total + count(bucket), 0);
    const answered = sum(({ tripsMs }) => tripsMs.length);
    const dropped = sum((bucket) => bucket.dropped);
    const trips = sorted(this.#buckets.flatMap(({ tripsMs }) => tripsMs));
    const now = this.#lastTripMs;
    return {
      sentFps: sum(({ sent }) => sent) / seconds,
      answeredFps: answered / seconds,
      dropRate: dropped === 0 ? 0 : dropped / (dropped + answered),
      roundTripMs:
        now === undefined || trips.length === 0
          ? undefined
          : { now, p50: percentile(trips, 0.5), p95: percentile(trips, 0.95) },
      moments: this.#moments(current),
    };
  }

  /** Just after the start there is less than the whole span to take a rate of. */
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
        answered: trips.length,
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

/** The smallest value that so large a part of the values does not exceed (nearest rank). `values` are sorted, at least one. */
function percentile(values: readonly number[], part: number): number {
  return values[Math.max(0, Math.ceil(part * values.length) - 1)] ?? Number.NaN;
}
