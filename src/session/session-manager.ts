/** One connection: numbers its frames, offers them to the pool, sends one reply per frame. Knows no socket. Main thread. */
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

/** Sends messages to the peer. */
export interface Outbox {
  send(message: string): void;
  /** Bytes sent but not yet transmitted to the peer. */
  bufferedBytes(): number;
  /** Closes the connection after everything sent so far; nothing may be sent afterwards. */
  close(code: number): void;
  /** Closes the connection immediately, discarding an incomplete message. */
  abort(): void;
}

export interface SessionLimits extends FrameLimits, BackpressureThresholds {
  readonly sendBufferBytes: number;
}

/** The parts of the pool that a session uses. */
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
  /** Called once, if this side ends the session with an error. */
  readonly onError?: (code: StreamErrorCode, reason: string) => void;
  /** Called when the drop rate changes the session's state. */
  readonly onStateChange?: (verdict: BackpressureVerdict) => void;
  /** Called once, however the session ends. */
  readonly onEnd?: () => void;
}

/** Results are dropped above `sendBufferBytes`. A peer that lets this many times as much accumulate is not reading at all. */
const maxBufferFactor = 2;

export class SessionManager {
  readonly sessionId: string;
  readonly pipelineId: string;
  /** Address whose limits apply. */
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

  /** The index of the next binary message. */
  get frameIndex(): number {
    return this.#frameIndex;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** Handles one binary message. `bytes` are valid only during the call. */
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

  /** Handles a text message, which is always an error. */
  receiveText(): void {
    this.#fail('invalid_message');
  }

  /** Handles a ping. uWebSockets.js replies by itself, and unread pongs use memory just like replies. */
  receivePing(): void {
    if (this.#isBufferExceeded()) this.#fail('slow_reader');
  }

  /** Ends the session after an internal error in the handling of its messages. */
  failInternally(reason: string): void {
    this.#fail('internal_error', undefined, reason);
  }

  /** Ends a session that is idle, or whose place another one needs. */
  endIdle(detail: string): void {
    this.#fail('idle_timeout', detail);
  }

  /** Ends a session that exceeds its share while its address exceeds its rate. */
  endRateLimited(): void {
    this.#fail('rate_limited');
  }

  /** Ends a session with an incomplete message while the process is above its memory limit. */
  endForMemory(): void {
    this.#fail('server_busy', 'The gateway is short of memory');
    this.#parts.outbox.abort();
  }

  /** For a shutdown: closes the connection once no frame is in flight. */
  closeWhenIdle(): void {
    if (this.#parts.pool.inFlightOf(this.sessionId) === 0) this.closeNow();
  }

  /** Closes the connection now; frames in flight get no reply. */
  closeNow(): void {
    if (this.#hasEnded) return;
    this.#end();
    this.#parts.outbox.close(goingAwayCloseCode);
  }

  /** To be called when the socket is closed. */
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

  /** If the peer does not keep up, its result is dropped: it would be stale by the time it is read. */
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
