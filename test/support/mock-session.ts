/** A session with nothing real around it: a pool that answers when it is told to and an outbox that keeps everything. Tests only. */
import type { StreamErrorCode } from '../../src/errors.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import type { Frame, Pool, PoolStatus, Verdict } from '../../src/pool/pool.ts';
import { SessionManager } from '../../src/session/session-manager.ts';

/** What went out to the peer. */
class MockOutbox {
  readonly sent: string[] = [];
  readonly closeCodes: number[] = [];
  unread = 0;

  send(message: string): void {
    if (this.closeCodes.length > 0) throw new Error(`sent after close: ${message}`);
    this.sent.push(message);
  }

  unreadBytes(): number {
    return this.unread;
  }

  close(code: number): void {
    this.closeCodes.push(code);
  }
}

/** Takes every frame while `verdict` says so, and answers when the test calls {@link finish}. */
class MockPool implements Pool {
  verdict: Verdict = 'accepted';
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly offered: Frame[] = [];
  readonly #waiting = new Map<number, (outcome: FrameOutcome) => void>();

  openSession(sessionId: string): void {
    this.opened.push(sessionId);
  }

  closeSession(sessionId: string): void {
    this.closed.push(sessionId);
  }

  offer(_sessionId: string, frame: Frame, done: (outcome: FrameOutcome) => void): Verdict {
    this.offered.push(frame);
    if (this.verdict === 'accepted') this.#waiting.set(frame.frameIndex, done);
    return this.verdict;
  }

  /** Answers a frame that was taken. */
  finish(frameIndex: number, outcome: FrameOutcome = resultOf(frameIndex)): void {
    const done = this.#waiting.get(frameIndex);
    if (done === undefined) throw new Error(`frame ${frameIndex} is not in flight`);
    this.#waiting.delete(frameIndex);
    done(outcome);
  }

  status(): PoolStatus {
    throw new Error('a session does not look at the pool');
  }

  stop(): Promise<boolean> {
    throw new Error('a session does not stop the pool');
  }
}

export function resultOf(frameIndex: number): FrameOutcome {
  return { type: 'result', message: `result ${frameIndex}` };
}

export const failure: FrameOutcome = {
  type: 'failed',
  code: 'pipeline_failure',
  detail: 'YOLO inference failed',
  reason: 'for the log only',
};

/** Replies that may wait unread before results are shed. */
export const maxUnreadBytes = 1000;

/** A session with its two sides; `errors` is what `onError` was called with. */
export function openMockSession() {
  const pool = new MockPool();
  const outbox = new MockOutbox();
  const errors: [StreamErrorCode, string][] = [];
  const session = new SessionManager({
    sessionId: 'the session',
    pipelineId: 'the pipeline',
    limits: {
      maxFrameBytes: 100_000,
      maxFrameLabel: '0.1MB',
      maxPixels: 1_000_000,
      dropThreshold: 0.1,
      slowdownThreshold: 0.3,
      dropWindowMs: 3_600_000,
      maxUnreadBytes,
    },
    pool,
    outbox,
    onError: (code, reason) => errors.push([code, reason]),
  });
  return { session, pool, outbox, errors };
}
