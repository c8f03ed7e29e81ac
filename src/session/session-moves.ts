/** When sessions are asked to move: each at its age, and one after the other during a shutdown. Main thread. */
import type { MoveReason } from '../protocol.ts';
import type { SessionManager } from './session-manager.ts';

/** What is needed of a session to move it. */
export type MovableSession = Pick<SessionManager, 'move'>;

/** Each session draws its age from the maximum age, more or less this share of it: cameras that connected together do not leave together. */
const ageJitter = 0.1;

export class SessionMoves<Session extends MovableSession = SessionManager> {
  readonly #maxAgeMs: number;
  readonly #random: () => number;
  #reason: MoveReason = 'session age';
  /** When each session is due, in the order in which they were opened. */
  readonly #dueMs = new Map<Session, number>();

  /**
   * @param maxAgeMs 0 for no limit.
   * @param random from 0 to below 1.
   */
  constructor(maxAgeMs: number, random: () => number = Math.random) {
    this.#maxAgeMs = maxAgeMs;
    this.#random = random;
  }

  add(session: Session, nowMs: number): void {
    const ageMs = this.#maxAgeMs * (1 + ageJitter * (2 * this.#random() - 1));
    this.#dueMs.set(session, this.#maxAgeMs === 0 ? Number.POSITIVE_INFINITY : nowMs + ageMs);
  }

  delete(session: Session): void {
    this.#dueMs.delete(session);
  }

  /** When the next session is due; `Infinity` if none is. */
  get nextDueMs(): number {
    return [...this.#dueMs.values()].reduce((nextMs, dueMs) => Math.min(nextMs, dueMs), Number.POSITIVE_INFINITY);
  }

  /** For a shutdown: from now on, sessions are due at even intervals over `overMs`, the oldest now. Their ages no longer count. */
  spread(nowMs: number, overMs: number): void {
    this.#reason = 'shutdown';
    const stepMs = overMs / this.#dueMs.size;
    for (const [place, session] of [...this.#dueMs.keys()].entries()) this.#dueMs.set(session, nowMs + place * stepMs);
  }

  /** Asks every session that is due to move, once. */
  moveDue(nowMs: number): void {
    for (const [session, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) continue;
      this.#dueMs.delete(session);
      session.move(this.#reason);
    }
  }
}
