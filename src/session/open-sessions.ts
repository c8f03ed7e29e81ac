/** The sessions that are open, by how long each has sent nothing: who must go, and who makes room. Main thread. */
import { rateWindowMs } from './addresses.ts';
import type { SessionManager } from './session-manager.ts';

export interface IdleLimits {
  /** Ms until a session's first frame; 0 for no limit. */
  readonly firstFrameTimeoutMs: number;
  /** Ms from one frame to the next; 0 for no limit. */
  readonly idleTimeoutMs: number;
}

/** A session makes room for a new one only after this long without a frame: a camera of one frame in four seconds stays. */
const minIdleMs = 5000;
/** A camera connects when it has a frame to send, so one that has sent none makes room sooner. */
const minIdleBeforeFirstFrameMs = 1000;

/** A message that takes longer than this may be one that never ends. */
const minIncompleteMs = 250;

const msPerSecond = 1000;

/** What a session can be told when it has sent nothing for too long. */
export type IdleSession = Pick<SessionManager, 'frameIndex' | 'endIdle'>;

/** When a session has sent, and how much. */
interface Activity {
  lastMs: number;
  /** Start of the window that is being counted. */
  windowMs: number;
  messagesOfWindow: number;
}

export class OpenSessions<Session extends IdleSession = SessionManager> {
  readonly #limits: IdleLimits;
  /** A session that sends goes to the end, so the first has been silent for longest. */
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

  /** A whole message has come: the session is not silent. */
  touch(session: Session, nowMs: number): void {
    const activity = this.#byActivity.get(session);
    if (activity === undefined) return;
    this.#byActivity.delete(session);
    this.#byActivity.set(session, activity);
    activity.lastMs = nowMs;
  }

  /** Counts a message or a ping. @returns those of the session in the window that is being counted; 0 for one that has ended. */
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

  /** Up to so many sessions that may be in the middle of a message, those that have been longest without a whole one first. */
  incomplete(count: number, nowMs: number): Session[] {
    const found: Session[] = [];
    for (const [session, { lastMs }] of this.#byActivity) {
      if (found.length >= count) break;
      // A working camera has just sent one.
      if (session.frameIndex === 0 || nowMs - lastMs >= minIncompleteMs) found.push(session);
    }
    return found;
  }

  /**
   * Ends the session that has been silent for longest, if for long enough.
   * @param isCandidate which sessions may be chosen.
   * @returns whether there is room for another one now.
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

  /** Ends every session that has sent nothing for longer than it may. */
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
