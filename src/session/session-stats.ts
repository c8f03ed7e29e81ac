/** Counts, rates and times of one session. Time is an argument. Main thread. */
import type { FrameReport } from '../observe/observer.ts';
import { smooth } from '../statistics.ts';
import type { DropReason, DropReasons, SessionStatus } from '../status.ts';

const msPerSecond = 1000;

/** Whole seconds whose counts are kept. */
const recentSeconds = 30;
/** Whole seconds over which rates are averaged. */
const rateSeconds = 5;
/** Whole seconds over which recent drops are counted. */
const recentDropSeconds = 10;
/** Decimal places of the usual rate: a camera may send a frame every few minutes. */
const usualRateDigits = 3;
/** Weight of the newest sample in moving averages. */
const smoothing = 0.2;
/** With the current, incomplete second. */
const ringSize = recentSeconds + 1;

/** Counts per second of the last seconds. */
class SecondCounts {
  readonly #counts = new Uint32Array(ringSize);
  #newest = 0;

  add(second: number): void {
    this.#advance(second);
    this.#counts[second % ringSize] = (this.#counts[second % ringSize] ?? 0) + 1;
  }

  /** The counts of the last whole seconds before `second`, oldest first. */
  before(second: number, seconds: number): number[] {
    this.#advance(second);
    return Array.from({ length: seconds }, (_, index) => this.#counts[(second - seconds + index) % ringSize] ?? 0);
  }

  #advance(second: number): void {
    const first = Math.max(this.#newest + 1, second - ringSize + 1);
    for (let each = first; each <= second; each++) this.#counts[each % ringSize] = 0;
    this.#newest = Math.max(this.#newest, second);
  }
}

export class SessionStats {
  readonly openedMs: number;
  readonly #frames = new SecondCounts();
  readonly #results = new SecondCounts();
  readonly #drops = new Map<DropReason, number>();
  readonly #recentDrops = new Map<DropReason, SecondCounts>();
  #frameCount = 0;
  #resultCount = 0;
  #receivedBytes = 0;
  #lastFrameMs: number;
  #serviceMs: number | undefined;
  #replyMs: number | undefined;
  slowDowns = 0;

  constructor(nowMs: number) {
    this.openedMs = nowMs;
    this.#lastFrameMs = nowMs;
  }

  get frames(): number {
    return this.#frameCount;
  }

  get dropped(): number {
    return [...this.#drops.values()].reduce((sum, count) => sum + count, 0);
  }

  received(byteLength: number, nowMs: number): void {
    this.#frameCount += 1;
    this.#receivedBytes += byteLength;
    this.#lastFrameMs = nowMs;
    this.#frames.add(secondOf(nowMs));
  }

  ended({ end, totalMs }: FrameReport, nowMs: number): void {
    if (end.type === 'dropped') this.#droppedFor(end.reason, nowMs);
    if (end.type !== 'result') return;
    this.#resultCount += 1;
    this.#results.add(secondOf(nowMs));
    this.#serviceMs = smooth(this.#serviceMs, end.timings['total'] ?? 0, smoothing);
    this.#replyMs = smooth(this.#replyMs, totalMs, smoothing);
  }

  /** Counts and times since the session was opened. */
  totals(nowMs: number): Omit<SessionStatus, 'id' | 'camera' | 'address' | 'pipeline' | 'round_trip_ms'> {
    return {
      connected_s: toTenths((nowMs - this.openedMs) / msPerSecond),
      frames: this.#frameCount,
      results: this.#resultCount,
      dropped: this.dropped,
      drop_reasons: Object.fromEntries(this.#drops),
      slow_downs: this.slowDowns,
      received_bytes: this.#receivedBytes,
      ...(this.#serviceMs === undefined ? {} : { service_ms: toTenths(this.#serviceMs) }),
      ...(this.#replyMs === undefined ? {} : { reply_ms: toTenths(this.#replyMs) }),
    };
  }

  /** What has happened in the last seconds. */
  recent(nowMs: number) {
    const second = secondOf(nowMs);
    const frames = this.#frames.before(second, recentSeconds);
    const results = this.#results.before(second, recentSeconds);
    const seconds = Math.min(rateSeconds, Math.max(1, second - secondOf(this.openedMs)));
    return {
      frames_per_s: toTenths(meanOfLast(frames, seconds)),
      results_per_s: toTenths(meanOfLast(results, seconds)),
      recent_frames: frames,
      recent_results: results,
      ...this.#usualRate(),
      recent_drop_reasons: this.#dropReasonsBefore(second),
      idle_s: toTenths((nowMs - this.#lastFrameMs) / msPerSecond),
    };
  }

  /** Frames dropped in this second and the nine before, by reason. */
  dropReasons(nowMs: number): DropReasons {
    return this.#dropReasonsBefore(secondOf(nowMs) + 1);
  }

  #dropReasonsBefore(second: number): DropReasons {
    const sums = [...this.#recentDrops].map(
      ([reason, counts]) => [reason, sumOf(counts.before(second, recentDropSeconds))] as const,
    );
    return Object.fromEntries(sums.filter(([, count]) => count > 0));
  }

  /** A pause after the last frame does not change what is usual. */
  #usualRate(): { readonly usual_frames_per_s?: number } {
    const sendingMs = this.#lastFrameMs - this.openedMs;
    if (this.#frameCount < 2 || sendingMs <= 0) return {};
    return { usual_frames_per_s: Number(((this.#frameCount * msPerSecond) / sendingMs).toFixed(usualRateDigits)) };
  }

  #droppedFor(reason: DropReason, nowMs: number): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
    const recent = this.#recentDrops.get(reason) ?? new SecondCounts();
    this.#recentDrops.set(reason, recent);
    recent.add(secondOf(nowMs));
  }
}

function secondOf(ms: number): number {
  return Math.floor(ms / msPerSecond);
}

function meanOfLast(counts: readonly number[], seconds: number): number {
  return sumOf(counts.slice(-seconds)) / seconds;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Rounds to one decimal place: no figure of a session means anything beyond that. */
export function toTenths(value: number): number {
  return Math.round(value * 10) / 10;
}
