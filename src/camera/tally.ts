/** Counts the outcomes of a source's frames, for the status table and the final report. Main thread. */

import type { FrameResult } from '../protocol.ts';
import { median } from '../statistics.ts';

export interface Counts {
  /** Frames from the source, after `--fps`. */
  readonly pictures: number;
  /** Camera frames that were not complete JPEGs. */
  readonly broken: number;
  readonly encoded: number;
  readonly sent: number;
  readonly answered: number;
  /** Sent and dropped by the gateway. */
  readonly dropped: number;
  /** Sent, but the connection was lost before the reply. */
  readonly lost: number;
  /** Of all results. */
  readonly events: number;
  /** Left out by the gateway, or not usable. */
  readonly events_lost: number;
}

/** Rates are averaged over this. */
const windowMs = 3000;
/** The most recent round trips, whose median is shown. */
const maxRoundTrips = 31;
/** More than a row can show. */
const maxTextLength = 1000;

export class Tally {
  readonly #counts: { -readonly [Name in keyof Counts]: number } = {
    pictures: 0,
    broken: 0,
    encoded: 0,
    sent: 0,
    answered: 0,
    dropped: 0,
    lost: 0,
    events: 0,
    events_lost: 0,
  };
  #arrivalsMs: number[] = [];
  #roundTripsMs: number[] = [];
  #text: string | undefined;

  get counts(): Counts {
    return { ...this.#counts };
  }

  /** The last recognized text. */
  get text(): string | undefined {
    return this.#text;
  }

  /** Median of the last round trips to the gateway; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTripsMs.length === 0 ? undefined : median(this.#roundTripsMs);
  }

  count(name: keyof Counts, by = 1): void {
    this.#counts[name] += by;
  }

  arrived(nowMs: number): void {
    this.count('pictures');
    this.#arrivalsMs.push(nowMs);
    if (nowMs - (this.#arrivalsMs[0] ?? nowMs) > 2 * windowMs) this.#forget(nowMs);
  }

  answered(result: FrameResult, roundTripMs: number): void {
    this.count('answered');
    this.#roundTripsMs.push(roundTripMs);
    if (this.#roundTripsMs.length > maxRoundTrips) this.#roundTripsMs.shift();
    this.#text = textOf(result) ?? this.#text;
  }

  /** Recent frames per second. */
  fps(nowMs: number): number {
    this.#forget(nowMs);
    const first = this.#arrivalsMs[0];
    const last = this.#arrivalsMs.at(-1);
    if (first === undefined || last === undefined || last === first) return 0;
    return ((this.#arrivalsMs.length - 1) * 1000) / (Math.max(last, nowMs - windowMs / 3) - first);
  }

  #forget(nowMs: number): void {
    this.#arrivalsMs = this.#arrivalsMs.filter((atMs) => nowMs - atMs <= windowMs);
  }
}

/** All texts of a result in one line; undefined if there are none. Custom tools may return any shape. */
function textOf(result: Partial<FrameResult> | null): string | undefined {
  const found = Array.isArray(result?.detections) ? result.detections.map((detection) => detection?.text) : [];
  const texts = [...found, found.length === 0 ? result?.text : undefined].filter(
    (text) => typeof text === 'string' && text.trim() !== '',
  );
  return texts.length === 0 ? undefined : texts.join(' ').slice(0, maxTextLength).replace(/\s+/g, ' ');
}
