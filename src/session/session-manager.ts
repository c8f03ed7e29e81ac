/** One connection: numbers its frames, offers them to the pool, answers each once, in order. Knows no socket. Main thread. */
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import type { FrameOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import { closeCodeOf, encodeDropped, encodeError, goingAwayCloseCode, slowDownMessage } from '../protocol.ts';
import { Backpressure, type BackpressureState, type BackpressureThresholds } from './backpressure.ts';
import { type FrameLimits, validateJpeg } from './frame-validator.ts';
import { ReplyOrder } from './reply-order.ts';

/** The way out to the peer. */
export interface Outbox {
  send(message: string): void;
  /** Replies that were sent and have not left the gateway, in bytes. */
  unreadBytes(): number;
  /** Ends the connection after what was sent; nothing is sent after it. */
  close(code: number): void;
}

export interface SessionLimits extends FrameLimits, BackpressureThresholds {
  readonly maxUnreadBytes: number;
}

export interface SessionParts {
  readonly sessionId: string;
  readonly pipelineId: string;
  readonly limits: SessionLimits;
  readonly pool: Pool;
  readonly outbox: Outbox;
  /** Called once, when the session ends from this side with an error. */
  readonly onError?: (code: StreamErrorCode, reason: string) => void;
}

type Phase = 'open' | 'draining' | 'ended';

/** Results are shed at `maxUnreadBytes`; a peer that lets this many times as much pile up reads nothing at all. */
const unreadFactorToEnd = 2;

export class SessionManager {
  readonly sessionId: string;
  readonly pipelineId: string;
  readonly #parts: SessionParts;
  readonly #backpressure: Backpressure;
  readonly #replies = new ReplyOrder<FrameOutcome>();
  #phase: Phase = 'open';
  #frameIndex = 0;
  #droppedFrames = 0;

  constructor(parts: SessionParts) {
    this.sessionId = parts.sessionId;
    this.pipelineId = parts.pipelineId;
    this.#parts = parts;
    this.#backpressure = new Backpressure(parts.limits);
    parts.pool.openSession(parts.sessionId);
  }

  /** The index that the next binary message gets. */
  get frameIndex(): number {
    return this.#frameIndex;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  get inFlight(): number {
    return this.#replies.inFlight;
  }

  get backpressureState(): BackpressureState {
    return this.#backpressure.stateAt(performance.now());
  }

  /** Takes one binary message. `bytes` are only valid during the call. */
  receiveFrame(bytes: Uint8Array): void {
    if (this.#phase === 'ended') return;
    const frameIndex = this.#frameIndex++;
    const { limits, pool } = this.#parts;
    const check = validateJpeg(bytes, limits);
    if (!check.ok) {
      this.#fail(check.code, check.detail);
      return;
    }
    const accepted = this.#phase === 'open' && this.#offer(pool, frameIndex, bytes);
    if (!accepted) this.#drop(frameIndex);
    if (this.#backpressure.record(!accepted, performance.now()).slowDown) this.#send(slowDownMessage);
  }

  /** A text message, which no camera sends. */
  receiveText(): void {
    this.#fail('invalid_message');
  }

  /** Something went wrong on our side while the session's messages were handled. */
  failInternally(reason: string): void {
    this.#fail('internal_error', undefined, reason);
  }

  /** The server is going away: what is in flight is still answered, then the connection is closed. */
  drain(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'draining';
    this.#closeWhenDrained();
  }

  /** The server goes away now; what is in flight stays unanswered. */
  abandon(): void {
    if (this.#phase === 'ended') return;
    this.#end();
    this.#parts.outbox.close(goingAwayCloseCode);
  }

  /** The socket is gone. */
  gone(): void {
    this.#end();
  }

  #offer(pool: Pool, frameIndex: number, bytes: Uint8Array): boolean {
    const frame = { pipelineId: this.pipelineId, frameIndex, bytes };
    const verdict = pool.offer(this.sessionId, frame, (outcome) => this.#settle(frameIndex, outcome));
    if (verdict !== 'accepted') return false;
    this.#replies.expect(frameIndex);
    return true;
  }

  #settle(frameIndex: number, outcome: FrameOutcome): void {
    for (const [index, settled] of this.#replies.settle(frameIndex, outcome)) {
      if (settled.type === 'result') this.#sendResult(index, settled.message);
      else this.#fail(settled.code, settled.detail, settled.reason);
    }
    this.#closeWhenDrained();
  }

  /** A peer that does not keep up gets the short answer instead: a result that waits unread is stale when it is read. */
  #sendResult(frameIndex: number, message: string): void {
    if (this.#phase === 'ended') return;
    if (this.#parts.outbox.unreadBytes() > this.#parts.limits.maxUnreadBytes) this.#drop(frameIndex);
    else this.#send(message);
  }

  #drop(frameIndex: number): void {
    this.#droppedFrames += 1;
    this.#send(encodeDropped(frameIndex));
  }

  #send(message: string): void {
    if (this.#phase === 'ended') return;
    const { outbox, limits } = this.#parts;
    if (outbox.unreadBytes() > limits.maxUnreadBytes * unreadFactorToEnd) this.#fail('slow_reader');
    else outbox.send(message);
  }

  #fail(code: StreamErrorCode, detail: string = streamErrors[code].detail, reason: string = detail): void {
    if (this.#phase === 'ended') return;
    this.#end();
    this.#parts.onError?.(code, reason);
    this.#parts.outbox.send(encodeError(code, detail));
    this.#parts.outbox.close(closeCodeOf(code));
  }

  #closeWhenDrained(): void {
    if (this.#phase !== 'draining' || this.#replies.inFlight > 0) return;
    this.#end();
    this.#parts.outbox.close(goingAwayCloseCode);
  }

  #end(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#parts.pool.closeSession(this.sessionId);
  }
}
