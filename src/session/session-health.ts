/** How one session is doing: its counts and times, its drop rate, and its round trips. Main thread. */
import type { Source } from '../observe/observer.ts';
import type { OpenSession, SessionStatus } from '../status.ts';
import { Backpressure, type BackpressureThresholds } from './backpressure.ts';
import { RoundTrip } from './round-trip.ts';
import { SessionStats, toTenths } from './session-stats.ts';

/** Decimal places of a drop rate. */
const rateDigits = 3;

export class SessionHealth {
  readonly stats: SessionStats;
  readonly backpressure: Backpressure;
  readonly roundTrip: RoundTrip;
  readonly #source: Source & { readonly sessionId: string };
  readonly #token: string | undefined;

  /** @param token name of the token that it was opened with. */
  constructor(
    source: Source & { readonly sessionId: string },
    thresholds: BackpressureThresholds,
    nowMs: number,
    token?: string,
  ) {
    this.#source = source;
    this.#token = token;
    this.stats = new SessionStats(nowMs);
    this.backpressure = new Backpressure(thresholds);
    this.roundTrip = new RoundTrip(nowMs);
  }

  /** What the session has done so far. */
  totals(nowMs: number): SessionStatus {
    const { sessionId, camera, pipelineId, address } = this.#source;
    const roundTripMs = this.roundTrip.valueAt(nowMs);
    return {
      id: sessionId,
      ...(camera === undefined ? {} : { camera }),
      ...{ address, ...(this.#token === undefined ? {} : { token: this.#token }), pipeline: pipelineId },
      ...this.stats.totals(nowMs),
      ...(roundTripMs === undefined ? {} : { round_trip_ms: toTenths(roundTripMs) }),
    };
  }

  /** The same, and how it is doing now. */
  status(nowMs: number, unreadBytes: number, stateLength: number): OpenSession {
    return {
      ...this.totals(nowMs),
      state: this.backpressure.stateAt(nowMs),
      drop_rate: Number(this.backpressure.dropRate(nowMs).toFixed(rateDigits)),
      ...this.stats.recent(nowMs),
      ...this.roundTrip.status(nowMs),
      unread_bytes: unreadBytes,
      ...(stateLength === 0 ? {} : { state_length: stateLength }),
    };
  }
}
