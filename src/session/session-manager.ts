/** One connection: numbers its frames, offers them to the pool, sends one reply per frame. Knows no socket. Main thread. */
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import type { FrameEnd, FrameReport, Source } from '../observe/observer.ts';
import { unixMs } from '../observe/timestamp.ts';
import type { FailedOutcome, FrameOutcome, ResultOutcome } from '../pool/messages.ts';
import { SessionMemory } from '../pool/session-memory.ts';
import {
  addEvents,
  closeCodeOf,
  encodeDropped,
  encodeError,
  encodeResult,
  goingAwayCloseCode,
  type MoveReason,
  slowDownMessage,
  unfinishedReason,
} from '../protocol.ts';
import type { BackpressureState, DropReason, OpenSession, SessionStatus } from '../status.ts';
import type { Address } from './addresses.ts';
import { validateJpeg } from './frame-validator.ts';
import { ReplyOrder } from './reply-order.ts';
import { SessionHealth } from './session-health.ts';
import type { SessionParts } from './session-parts.ts';
import { UnsentEvents } from './unsent-events.ts';

type SentError = { readonly code: StreamErrorCode; readonly detail: string };

/** A received frame, and what is measured on it. */
type ReceivedFrame = Pick<FrameReport, 'frameIndex' | 'byteLength' | 'validateMs' | 'holdMs'> & {
  readonly receivedMs: number;
};

/** A frame with the outcome to reply to it. */
type FinishedFrame = readonly [frame: ReceivedFrame, outcome: ResultOutcome | FailedOutcome];

/** Results are dropped above `sendBufferBytes`. A peer that lets this many times as much accumulate is not reading at all. */
const maxBufferFactor = 2;

export class SessionManager {
  readonly source: Source & { readonly sessionId: string };
  /** Address whose limits apply. */
  readonly address: Address;
  readonly #parts: SessionParts;
  readonly #replies = new ReplyOrder<FinishedFrame>();
  readonly #health: SessionHealth;
  readonly #memory: SessionMemory;
  readonly #unsentEvents = new UnsentEvents();
  #hasEnded = false;
  /** Set once the client shall move: the session takes no more frames, and closes when it has answered the others. */
  #moveReason: MoveReason | undefined;
  #error: SentError | undefined;

  constructor(parts: SessionParts) {
    this.source = parts.source;
    this.address = parts.address;
    this.#parts = parts;
    const nowMs = performance.now();
    this.#health = new SessionHealth(parts.source, parts.limits, nowMs, parts.token?.name);
    this.#memory = new SessionMemory(nowMs, unixMs());
    parts.pool.openSession(parts.source.sessionId);
    parts.pool.prepare(parts.source.pipelineId);
    parts.observer.emit('sessionOpened', parts.source);
  }

  /** The index of the next binary message. */
  get frameIndex(): number {
    return this.#health.stats.frames;
  }

  get droppedFrames(): number {
    return this.#health.stats.dropped;
  }

  /** A higher share of dropped frames is a problem. */
  get dropThreshold(): number {
    return this.#parts.limits.dropThreshold;
  }

  /** The error that this side ended the session with. */
  get error(): SentError | undefined {
    return this.#error;
  }

  /** Whether this side has ended the session. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  stateAt(nowMs: number): BackpressureState {
    return this.#health.backpressure.stateAt(nowMs);
  }

  /** What the session has done so far. */
  totals(nowMs: number): SessionStatus {
    return this.#health.totals(nowMs);
  }

  /** The same, and how it is doing now. */
  status(nowMs: number): OpenSession {
    return this.#health.status(nowMs, this.#parts.outbox.bufferedBytes(), this.#memory.stateLength);
  }

  /** Handles one binary message. `bytes` are valid only during the call. */
  receiveFrame(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const { limits, pool, source, token } = this.#parts;
    const { byteLength } = bytes;
    const receivedMs = performance.now();
    const frameIndex = this.#health.stats.frames;
    this.#health.stats.received(byteLength, receivedMs);
    this.#parts.observer.emit('frameReceived', source, byteLength);
    const check = validateJpeg(bytes, limits);
    const validateMs = performance.now() - receivedMs;
    const received = { frameIndex, byteLength, receivedMs, validateMs, holdMs: 0 };
    if (!check.ok) this.#failFrame(received, check.code, check.detail);
    else if (this.#moveReason !== undefined) this.#drop(received, 'draining');
    else if (token?.takeFrame(receivedMs) === false) this.#drop(received, 'token_limit');
    else {
      this.#replies.expect(frameIndex);
      const frame = { source, frameIndex, bytes, memory: this.#memory };
      pool.offer(source.sessionId, frame, (outcome, holdMs) => this.#settleOrEnd({ ...received, holdMs }, outcome));
    }
  }

  /** Sends a ping if one is due. Called periodically. A ping behind unread replies would only add to them. */
  ping(nowMs: number): void {
    const { outbox } = this.#parts;
    if (this.#hasEnded || outbox.bufferedBytes() > 0) return;
    const payload = this.#health.roundTrip.takeDue(nowMs);
    if (payload !== undefined) outbox.ping(payload);
  }

  /** Handles a pong. */
  receivePong(payload: string, nowMs: number): void {
    this.#health.roundTrip.answered(payload, nowMs);
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

  /** Ends the session with an error. */
  endWith(code: StreamErrorCode, detail?: string): void {
    this.#fail(code, detail);
  }

  /** Ends a session that is idle, or whose place another one needs. */
  endIdle(detail: string): void {
    this.#fail('idle_timeout', detail);
  }

  /** Ends a session with an incomplete message while the process is above its memory limit. */
  endForMemory(): void {
    this.#fail('server_busy', 'The gateway is short of memory');
    this.#parts.outbox.abort();
  }

  /** Asks the client to connect again: closes with 1001 once every frame in flight or held has its reply, and drops later ones. */
  move(reason: MoveReason): void {
    this.#moveReason ??= reason;
    this.#closeIfAnswered();
  }

  /** Closes the connection now; frames in flight get no reply. */
  closeNow(): void {
    this.#goAway(unfinishedReason);
  }

  /** To be called when the socket is closed. */
  socketClosed(): void {
    this.#end();
  }

  /** A frame whose result cannot be sent must not stay without a reply, and neither must those behind it. */
  #settleOrEnd(frame: ReceivedFrame, outcome: FrameOutcome): void {
    try {
      this.#settle(frame, outcome);
    } catch (error) {
      this.failInternally(`the result cannot be sent: ${String(error)}`);
    }
  }

  #settle(frame: ReceivedFrame, outcome: FrameOutcome): void {
    if (this.#hasEnded) {
      this.#report(frame, { type: 'dropped', reason: 'session_closed' });
      return;
    }
    if (outcome.type === 'dropped') {
      this.#drop(frame, outcome.reason);
      this.#sendReady(this.#replies.drop(frame.frameIndex));
    } else this.#sendReady(this.#replies.finish(frame.frameIndex, [frame, outcome]));
    this.#closeIfAnswered();
  }

  #closeIfAnswered(): void {
    if (this.#moveReason !== undefined && this.#replies.isEmpty) this.#goAway(this.#moveReason);
  }

  #goAway(reason: string): void {
    if (this.#hasEnded) return;
    this.#end();
    this.#parts.outbox.close(goingAwayCloseCode, reason);
  }

  #sendReady(ready: readonly FinishedFrame[]): void {
    for (const [frame, outcome] of ready) {
      if (this.#hasEnded) this.#report(frame, { type: 'dropped', reason: 'session_closed' });
      else if (outcome.type === 'result') this.#sendResult(frame, outcome);
      else this.#failFrame(frame, outcome.code, outcome.detail, outcome.reason);
    }
  }

  /** If the peer does not keep up, its result is dropped: it would be stale by the time it is read. Its events are not: they happen once. */
  #sendResult(frame: ReceivedFrame, { text: result, timings, events: own }: ResultOutcome): void {
    const events = this.#unsentEvents.take(own);
    if (this.#parts.outbox.bufferedBytes() > this.#parts.limits.sendBufferBytes) {
      if (events !== undefined) this.#unsentEvents.keep(events);
      this.#drop(frame, 'slow_reader');
      return;
    }
    const text = events === undefined ? result : addEvents(result, events.texts, events.lost);
    const message = encodeResult(frame.frameIndex, this.#parts.token?.limitResult(text) ?? text);
    this.#send(message);
    this.#report(frame, { type: 'result', timings }, message);
    this.#updateState(false);
  }

  #drop(frame: ReceivedFrame, reason: DropReason): void {
    const message = encodeDropped(frame.frameIndex);
    this.#send(message);
    this.#report(frame, { type: 'dropped', reason }, message);
    // A session that moves is no sign of overload, and its client shall keep its rate.
    if (reason !== 'draining') this.#updateState(true);
  }

  #report({ receivedMs, ...frame }: ReceivedFrame, end: FrameEnd, reply = ''): void {
    const nowMs = performance.now();
    const report = { ...frame, end, replyBytes: Buffer.byteLength(reply), totalMs: nowMs - receivedMs };
    this.#health.stats.ended(report, nowMs);
    this.#parts.observer.emit('frameEnded', this.source, report);
  }

  #updateState(wasDropped: boolean): void {
    const nowMs = performance.now();
    const { state, before, rate, slowDown } = this.#health.backpressure.record(wasDropped, nowMs);
    if (state !== before) {
      const dropReasons = this.#health.stats.dropReasons(nowMs);
      this.#parts.observer.emit('stateChanged', this.source, { before, state, rate, dropReasons });
    }
    if (!slowDown) return;
    this.#health.stats.slowDowns += 1;
    this.#send(slowDownMessage);
    this.#parts.observer.emit('slowDownSent', this.source);
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

  #failFrame(frame: ReceivedFrame, code: StreamErrorCode, detail: string, reason: string = detail): void {
    this.#report(frame, { type: 'failed', code, detail, reason });
    this.#fail(code, detail, reason, frame.frameIndex);
  }

  #fail(code: StreamErrorCode, detail: string = streamErrors[code].detail, reason = detail, frameIndex?: number): void {
    if (this.#hasEnded) return;
    this.#error = { code, detail };
    this.#end();
    this.#parts.observer.emit('sessionFailed', this.source, { code, detail, reason, frameIndex });
    this.#parts.outbox.send(encodeError(code, detail));
    this.#parts.outbox.close(closeCodeOf(code));
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#parts.pool.closeSession(this.source.sessionId);
    for (const [frame] of this.#replies.clear()) this.#report(frame, { type: 'dropped', reason: 'session_closed' });
    this.#parts.onEnd?.();
  }
}
