/** A session with a mock pool and an outbox that records everything. Tests only. */
import type { StreamErrorCode } from '../../src/errors.ts';
import { type FrameReport, Observers } from '../../src/observe/observer.ts';
import type { Done, Frame } from '../../src/pool/frame.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import { Address } from '../../src/session/addresses.ts';
import { SessionManager } from '../../src/session/session-manager.ts';
import type { SessionPool } from '../../src/session/session-parts.ts';

/** Records what is sent to the peer. */
class MockOutbox {
  readonly sent: string[] = [];
  readonly pings: string[] = [];
  readonly closeCodes: number[] = [];
  readonly closeReasons: (string | undefined)[] = [];
  unread = 0;
  wasAborted = false;

  send(message: string): void {
    if (this.closeCodes.length > 0) throw new Error(`sent after close: ${message}`);
    this.sent.push(message);
  }

  ping(payload: string): void {
    this.pings.push(payload);
  }

  bufferedBytes(): number {
    return this.unread;
  }

  close(code: number, reason?: string): void {
    this.closeCodes.push(code);
    this.closeReasons.push(reason);
  }

  abort(): void {
    this.wasAborted = true;
  }
}

/** Keeps every frame while `isFull` is false, until the test calls {@link finish}; drops all others. */
class MockPool implements SessionPool {
  isFull = false;
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly prepared: string[] = [];
  readonly offered: Frame[] = [];
  readonly #inFlight = new Map<number, Done>();

  openSession(sessionId: string): void {
    this.opened.push(sessionId);
  }

  closeSession(sessionId: string): void {
    this.closed.push(sessionId);
  }

  prepare(pipelineId: string): void {
    this.prepared.push(pipelineId);
  }

  offer(_sessionId: string, frame: Frame, done: Done): () => void {
    this.offered.push(frame);
    if (this.isFull) done({ type: 'dropped', reason: 'busy' }, 0);
    else this.#inFlight.set(frame.frameIndex, done);
    return () => undefined;
  }

  /** Ends a kept frame with its outcome. */
  finish(frameIndex: number, outcome: FrameOutcome = resultOf(frameIndex)): void {
    const done = this.#inFlight.get(frameIndex);
    if (done === undefined) throw new Error(`frame ${frameIndex} is not in flight`);
    this.#inFlight.delete(frameIndex);
    done(outcome, 0);
  }
}

export function resultOf(frameIndex: number): FrameOutcome {
  return { type: 'result', text: `"of ${frameIndex}"`, timings: {} };
}

/** The message for the result of {@link resultOf}. */
export function replyOf(frameIndex: number): string {
  return `{"frame_index":${frameIndex},"result":"of ${frameIndex}"}`;
}

export const dropped: FrameOutcome = { type: 'dropped', reason: 'displaced' };

export const failure: FrameOutcome = {
  type: 'failed',
  code: 'pipeline_failure',
  detail: 'YOLO inference failed',
  reason: 'for the log only',
};

/** Unread bytes above which results are dropped. */
export const sendBufferBytes = 1000;

const addressLimits = {
  maxSessionsPerAddress: 10,
  maxFramesPerSecond: 1000,
  maxReceivingBytes: 1_000_000,
  maxFrameBytes: 100_000,
};

/** What a session is made of, with mocks. */
export function mockSessionParts() {
  const pool = new MockPool();
  const outbox = new MockOutbox();
  const observer = new Observers();
  const parts = {
    source: { sessionId: 'the session', camera: 'gate', pipelineId: 'the pipeline', address: '192.0.2.1' },
    address: new Address('192.0.2.1', addressLimits, 0),
    limits: {
      maxFrameBytes: 100_000,
      maxFrameLabel: '0.1MB',
      maxPixels: 1_000_000,
      dropThreshold: 0.1,
      slowdownThreshold: 0.3,
      dropWindowMs: 3_600_000,
      sendBufferBytes,
    },
    ...{ pool, outbox, observer },
  };
  return { parts, pool, outbox, observer };
}

/** A session with its mocks; `errors`, `stateChanges` and `reports` record what it tells the observer. */
export function openMockSession() {
  const { parts, pool, outbox, observer } = mockSessionParts();
  const errors: [StreamErrorCode, string][] = [];
  const stateChanges: { before: string; state: string; rate: number }[] = [];
  const reports: FrameReport[] = [];
  observer.on('sessionFailed', (_, { code, reason }) => errors.push([code, reason]));
  observer.on('stateChanged', (_, change) => stateChanges.push(change));
  observer.on('frameEnded', (_, report) => reports.push(report));
  const session = new SessionManager(parts);
  return { session, pool, outbox, errors, stateChanges, reports };
}
