/** What the rest of the gateway knows of a pool: frames are taken or they are not, and a taken one is answered once. */
import type { FrameOutcome, WorkerReport } from './messages.ts';

export interface Frame {
  readonly pipelineId: string;
  readonly frameIndex: number;
  /** The message as received; `offer` has copied it, once, when it returns. */
  readonly bytes: Uint8Array;
}

/**
 * `accepted`: the frame is being worked on. Otherwise why it was not taken: the session has its share in flight
 * (`session_limit`), nothing is free (`pool_full`), or what is free is about to be needed by a session that was served
 * longer ago (`yielded`).
 */
export type Verdict = 'accepted' | 'session_limit' | 'pool_full' | 'yielded';

export interface PoolStatus {
  /** Workers that the pool should have. */
  readonly size: number;
  /** Workers that have their models loaded and warm. */
  readonly ready: number;
  readonly busy: number;
  /** Threads out of service that have not come back from a frame that ran out of time. */
  readonly overdue: number;
  /** Frames taken and not answered yet. */
  readonly inFlight: number;
  readonly sessions: number;
  readonly reports: readonly WorkerReport[];
}

/** A local pool of threads today; a remote one tomorrow. The server must not know which. */
export interface Pool {
  openSession(sessionId: string): void;
  /** Forgets a session; frames of it that are in flight finish, and their outcome still arrives. */
  closeSession(sessionId: string): void;
  /** Takes a frame or refuses it, at once. `done` is called exactly once for an accepted frame, never before `offer` returns. */
  offer(sessionId: string, frame: Frame, done: (outcome: FrameOutcome) => void): Verdict;
  status(): PoolStatus;
  /** Takes nothing more, waits for what is in flight, ends the threads. @returns whether all threads ended in time. */
  stop(graceMs: number): Promise<boolean>;
}
