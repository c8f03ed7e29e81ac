/** The open sessions in order of activity: ends idle ones and makes room for new ones. Main thread. */
import { rateWindowMs } from './addresses.ts';
import type { SessionManager } from './session-manager.ts';

export interface IdleLimits {
  /** Ms until a session's first frame; 0 for no limit. */
  readonly firstFrameTimeoutMs: number;
  /** Ms from one frame to the next; 0 for no limit. */
  readonly idleTimeoutMs: number;
}

/** A session may be ended to make room only after this long without a frame. A camera that sends a frame every four seconds is safe. */
const minIdleMs = 5000;
/** A camera connects when it has a frame to send, so before the first frame this shorter time applies. */
const minIdleBeforeFirstFrameMs = 1000;

/** A message that takes longer than this may never be completed. */
const minIncompleteMs = 250;

const msPerSecond = 1000;

/** What is needed of a session to end it when it is idle. */
export type IdleSession = Pick<SessionManager, 'frameIndex' | 'endIdle'>;

/** When and how much a session has sent. */
interface Activity {
  lastMs: number;
  /** Start of the current window. */
  windowMs: number;
  messagesOfWindow: number;
}

export class OpenSessions<Session extends IdleSession = SessionManager> {
  readonly #limits: IdleLimits;
  /** An active session moves to the end, so the first has been idle longest. */
  readonly #byActivity = new Map<Session, Activity>();

  constructor(limits: IdleLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byActivity.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#byActivity.keys();
  }

  add(session: Session, nowMs: number): void {
    this.#byActivity.set(session, { lastMs: nowMs, windowMs: nowMs, messagesOfWindow: 0 });
  }

  delete(session: Session): void {
    this.#byActivity.delete(session);
  }

  /** A complete message has arrived: the session is not idle. */
  touch(session: Session, nowMs: number): void {
    const activity = this.#byActivity.get(session);
    if (activity === undefined) return;
    this.#byActivity.delete(session);
    this.#byActivity.set(session, activity);
    activity.lastMs = nowMs;
  }

  /** Counts a message or a ping. @returns the session's count in the current window; 0 if it has ended. */
  count(session: Session, nowMs: number): number {
    const activity = this.#byActivity.get(session);
    if (activity === undefined) return 0;
    if (nowMs - activity.windowMs >= rateWindowMs) {
      activity.windowMs = nowMs;
      activity.messagesOfWindow = 0;
    }
    activity.messagesOfWindow += 1;
    return activity.messagesOfWindow;
  }

  /** Up to `count` sessions that may be in the middle of a message, those longest without a complete one first. */
  incomplete(count: number, nowMs: number): Session[] {
    const found: Session[] = [];
    for (const [session, { lastMs }] of this.#byActivity) {
      if (found.length >= count) break;
      // An active camera has just sent a complete one.
      if (session.frameIndex === 0 || nowMs - lastMs >= minIncompleteMs) found.push(session);
    }
    return found;
  }

  /**
   * Ends the session that has been idle longest, if it has been idle long enough.
   * @param isCandidate whether a session may be chosen.
   * @returns whether there is room for another session now.
   */
  makeRoom(nowMs: number, isCandidate: (session: Session) => boolean = () => true): boolean {
    for (const [session, { lastMs }] of this.#byActivity) {
      const idleMs = nowMs - lastMs;
      if (idleMs < minIdleBeforeFirstFrameMs) return false;
      if (session.frameIndex > 0 && idleMs < minIdleMs) continue;
      if (!isCandidate(session)) continue;
      session.endIdle(`Made room for another session after ${secondsOf(idleMs)} s without a frame`);
      return true;
    }
    return false;
  }

  /** Ends every session that has exceeded its idle limit. */
  endIdle(nowMs: number): void {
    const { firstFrameTimeoutMs, idleTimeoutMs } = this.#limits;
    const minIntervalMs = Math.min(
      firstFrameTimeoutMs || Number.POSITIVE_INFINITY,
      idleTimeoutMs || Number.POSITIVE_INFINITY,
    );
    for (const [session, { lastMs }] of this.#byActivity) {
      const idleMs = nowMs - lastMs;
      if (idleMs < minIntervalMs) return;
      const limitMs = session.frameIndex === 0 ? firstFrameTimeoutMs : idleTimeoutMs;
      if (limitMs > 0 && idleMs >= limitMs) session.endIdle(`No frame came for ${secondsOf(idleMs)} s`);
    }
  }
}

function secondsOf(ms: number): number {
  return Math.floor(ms / msPerSecond);
}
