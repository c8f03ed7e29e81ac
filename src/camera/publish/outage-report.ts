/** What is said about a target: once when it goes away, once when events are first lost, and once when it is back. Pure. */
import { describeEvents, LossReport } from './loss-report.ts';

/** Different reasons within one outage, such as a refused connection and then a wrong password. */
const maxReasons = 5;

export class OutageReport {
  readonly #reasons = new Set<string>();
  readonly #losses = new LossReport();
  #awaySinceMs: number | undefined;
  #lostInOutage = 0;

  get isAway(): boolean {
    return this.#awaySinceMs !== undefined;
  }

  /** The target could not be reached. @returns what to say, if it is new. */
  failed(reason: string, nowMs: number): string | undefined {
    this.#awaySinceMs ??= nowMs;
    if (this.#reasons.has(reason) || this.#reasons.size >= maxReasons) return undefined;
    this.#reasons.add(reason);
    return `${reason}; events wait`;
  }

  /** Events were lost. @returns what to say, if nothing was said lately. */
  lost(count: number, why: string, nowMs: number): string | undefined {
    this.#lostInOutage += count;
    return this.#losses.lost(count, why, nowMs);
  }

  /** The target works. @returns what to say, if it was away. */
  recovered(nowMs: number): string | undefined {
    if (this.#awaySinceMs === undefined) return undefined;
    const seconds = ((nowMs - this.#awaySinceMs) / 1000).toFixed(1);
    const said = `works again after ${seconds} s; ${describeEvents(this.#lostInOutage)} lost`;
    this.#awaySinceMs = undefined;
    this.#reasons.clear();
    this.#losses.reset();
    this.#lostInOutage = 0;
    return said;
  }
}
