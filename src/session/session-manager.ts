/** One connection: numbers its frames, offers them to the pool, answers each once. Knows no socket. Main thread. */
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import type { FrameOutcome, ResultOutcome } from '../pool/messages.ts';
import type { Pool } from '../pool/pool.ts';
import {
  closeCodeOf,
  encodeDropped,
  encodeError,
  encodeResult,
  goingAwayCloseCode,
  slowDownMessage,
} from '../protocol.ts';
import type { Address } from './addresses.ts';
import { Backpressure, type BackpressureThresholds, type BackpressureVerdict } from './backpressure.ts';
import { type FrameLimits, validateJpeg } from './frame-validator.ts';
import { type FinishedOutcome, ReplyOrder } from './reply-order.ts';

/** The way out to the peer. */
export interface Outbox {
  send(message: string): void;
  /** Replies that were sent and have not left the gateway, in bytes. */
  bufferedBytes(): number;
  /** Ends the connection after what was sent; nothing is sent after it. */
  close(code: number): void;
  /** Ends the connection now, with whatever the peer has half sent. */
  abort(): void;
}

export interface SessionLimits extends FrameLimits, BackpressureThresholds {
  readonly sendBufferBytes: number;
}

/** What a session needs of the pool. */
export type SessionPool = Pick<
  Pool,
  'openSession' | 'closeSession' | 'prepare' | 'offer' | 'inFlightOf' | 'isDraining'
>;

export interface SessionParts {
  readonly sessionId: string;
  readonly pipelineId: string;
  readonly address: Address;
  readonly limits: SessionLimits;
  readonly pool: SessionPool;
  readonly outbox: Outbox;
  /** Called once, when the session ends from this side with an error. */
  readonly onError?: (code: StreamErrorCode, reason: string) => void;
  /** Called whenever the session's drop rate puts it into another state. */
  readonly onStateChange?: (pressure: BackpressureVerdict) => void;
  /** Called once, however the session ends: nothing of it counts any more. */
  readonly onEnd?: () => void;
}

/** Results are shed at `maxUnreadBytes`; a peer that lets this many times as much pile up reads nothing at all. */
const maxBufferFactor = 2;

export class SessionManager {
  readonly sessionId: string;
  readonly pipelineId: string;
  /** Where it comes from; limits count it there. */
  readonly address: Address;
  readonly #parts: SessionParts;
  readonly #backpressure: Backpressure;
  readonly #replies = new ReplyOrder();
  #hasEnded = false;
  #frameIndex = 0;
  #droppedFrames = 0;

  constructor(parts: SessionParts) {
    this.sessionId = parts.sessionId;
    this.pipelineId = parts.pipelineId;
    this.address = parts.address;
    this.#parts = parts;
    this.#backpressure = new Backpressure(parts.limits);
    parts.pool.openSession(parts.sessionId);
    parts.pool.prepare(parts.pipelineId);
  }

  /** The index that the next binary message gets. */
  get frameIndex(): number {
    return this.#frameIndex;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** Takes one binary message. `bytes` are only valid during the call. */
  receiveFrame(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const frameIndex = this.#frameIndex++;
    const { limits, pool } = this.#parts;
    const check = validateJpeg(bytes, limits);
    if (!check.ok) {
      this.#fail(check.code, check.detail);
      return;
    }
    this.#replies.expect(frameIndex);
    const frame = { pipelineId: this.pipelineId, frameIndex, bytes };
    pool.offer(this.sessionId, frame, (outcome) => this.#settle(frameIndex, outcome));
  }

  /** A text message, which no camera sends. */
  receiveText(): void {
    this.#fail('invalid_message');
  }

  /** A ping, which uWebSockets.js answers by itself: pongs that wait unread take memory as replies do. */
  receivePing(): void {
    if (this.#isBufferExceeded()) this.#fail('slow_reader');
  }

  /** Something went wrong on our side while the session's messages were handled. */
  failInternally(reason: string): void {
    this.#fail('internal_error', undefined, reason);
  }

  /** Nothing has come for too long, or somebody else needs the place. */
  endIdle(detail: string): void {
    this.#fail('idle_timeout', detail);
  }

  /** The address of the peer sends more than it may, and this session more than its part. */
  endRateLimited(): void {
    this.#fail('rate_limited');
  }

  /** The gateway is short of memory, and this session has been without a whole message for longest. */
  endForMemory(): void {
    this.#fail('server_busy', 'The gateway is short of memory');
    this.#parts.outbox.abort();
  }

  /** The server is going away: closes the connection once nothing is in flight. */
  closeWhenIdle(): void {
    if (this.#parts.pool.inFlightOf(this.sessionId) === 0) this.closeNow();
  }

  /** The server goes away now; what is in flight stays unanswered. */
  closeNow(): void {
    if (this.#hasEnded) return;
    this.#end();
    this.#parts.outbox.close(goingAwayCloseCode);
  }

  /** The socket is gone. */
  socketClosed(): void {
    this.#end();
  }

  #settle(frameIndex: number, outcome: FrameOutcome): void {
    if (this.#hasEnded) return;
    if (outcome.type === 'dropped') {
      this.#drop(frameIndex);
      this.#sendReady(this.#replies.drop(frameIndex));
    } else this.#sendReady(this.#replies.finish(frameIndex, outcome));
    if (this.#parts.pool.isDraining) this.closeWhenIdle();
  }

  #sendReady(ready: readonly [frameIndex: number, outcome: FinishedOutcome][]): void {
    for (const [index, outcome] of ready) {
      if (outcome.type === 'result') this.#sendResult(index, outcome);
      else this.#fail(outcome.code, outcome.detail, outcome.reason);
    }
  }

  /** A peer that does not keep up gets the short answer instead: a result that waits unread is stale when it is read. */
  #sendResult(frameIndex: number, { text }: ResultOutcome): void {
    if (this.#hasEnded) return;
    if (this.#parts.outbox.bufferedBytes() > this.#parts.limits.sendBufferBytes) this.#drop(frameIndex);
    else {
      this.#send(encodeResult(frameIndex, text));
      this.#record(false);
    }
  }

  #drop(frameIndex: number): void {
    this.#droppedFrames += 1;
    this.#send(encodeDropped(frameIndex));
    this.#record(true);
  }

  #record(wasDropped: boolean): void {
    const verdict = this.#backpressure.record(wasDropped, performance.now());
    if (verdict.state !== verdict.before) this.#parts.onStateChange?.(verdict);
    if (verdict.slowDown) this.#send(slowDownMessage);
  }

  #send(message: string): void {
    if (this.#hasEnded) return;
    if (this.#isBufferExceeded()) this.#fail('slow_reader');
    else this.#parts.outbox.send(message);
  }

  #isBufferExceeded(): boolean {
    const { outbox, limits } = this.#parts;
    return outbox.bufferedBytes() > limits.sendBufferBytes * maxBufferFactor;
  }

  #fail(code: StreamErrorCode, detail: string = streamErrors[code].detail, reason: string = detail): void {
    if (this.#hasEnded) return;
    this.#end();
    this.#parts.onError?.(code, reason);
    this.#parts.outbox.send(encodeError(code, detail));
    this.#parts.outbox.close(closeCodeOf(code));
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#parts.pool.closeSession(this.sessionId);
    this.#parts.onEnd?.();
  }
}
