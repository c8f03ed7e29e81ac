/**
 * The pool: a scheduler, and the executors on which it starts frames. Main thread.
 *
 *   offer ─► scheduler ─► start ──► executor.run ──► outcome ──► done
 *                      ├► hold ··· a worker is freed: next ─► start
 *                      │       ··· the hold ends ──────────────────► dropped ─► done
 *                      └► drop ────────────────────────────────────► dropped ─► done
 */
import type { EngineLinks } from '../engine-link.ts';
import type { Log } from '../observe/log.ts';
import { noMoment } from '../session-state.ts';
import type { DropReason } from '../status.ts';
import type { Executor } from './executor.ts';
import type { Done, Frame, Job } from './frame.ts';
import type { FrameSlots } from './frame-slots.ts';
import type { FrameOutcome } from './messages.ts';
import type { PipelineRules } from './pipeline-load.ts';
import { executorsStatus, type PoolStatus } from './pool-status.ts';
import { Scheduler, type Start } from './scheduler.ts';
import type { SessionKind, Ticket } from './ticket.ts';

export interface PoolOptions {
  /** Where frames run. Read again for each decision, so executors may be added and removed. */
  readonly executors: readonly Executor[];
  /** Target number of workers of this process. */
  readonly poolWorkers: number;
  /** Engines of accelerators, for the status; undefined if there are none. */
  readonly engines?: EngineLinks | undefined;
  readonly slots: FrameSlots;
  /** Total size of all held frames. */
  readonly maxHeldBytes: number;
  readonly rules: ReadonlyMap<string, PipelineRules>;
  readonly maxWaitMs: number;
  readonly frameTimeoutMs: number;
  /** Called for each pipeline about to be used, loaded or not. */
  readonly load: (pipelineId: string) => void;
  /** Whether an executor runs a pipeline or could load it. */
  readonly canRun: (pipelineId: string) => boolean;
  readonly log: Log;
}

/** Cancels the hold of a frame; has no effect once the frame was started or dropped. */
export type CancelHold = () => void;

/** Maximum share of one address's HTTP requests in the held bytes. */
const maxAddressHeldShare = 0.25;

function nothingToCancel(): void {
  // The frame was started or dropped.
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #scheduler: Scheduler<Job, Executor>;
  #heldBytes = 0;
  #expiry: { readonly timer: NodeJS.Timeout; readonly atMs: number } | undefined;
  /** Resolves when nothing is in flight any more; set once the pool drains. */
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#scheduler = new Scheduler(options);
  }

  /** Never becomes false again: from then on, every frame that arrives is dropped. */
  get isDraining(): boolean {
    return this.#scheduler.isDraining;
  }

  /** Number of held frames. */
  get held(): number {
    return this.#scheduler.held;
  }

  /** Number of sessions that sent frames lately. Looks at all of them. */
  countActiveSessions(): number {
    return this.#scheduler.activeSessions(performance.now());
  }

  /** Frames that can run at once now, on all executors. */
  get capacity(): number {
    return this.#options.executors.reduce((sum, { capacity }) => sum + capacity, 0);
  }

  openSession(sessionId: string, kind?: SessionKind): void {
    this.#scheduler.open(sessionId, kind);
  }

  /** Removes a session: its held frames are dropped. Running frames finish, and their outcome is still reported. */
  closeSession(sessionId: string): void {
    this.#dropAll(this.#scheduler.close(sessionId), 'session_closed');
  }

  /** Requests that a pipeline be loaded before its first frame. Until it is loaded, its frames are held or dropped. */
  prepare(pipelineId: string): void {
    if (!this.isDraining) this.#options.load(pipelineId);
  }

  /** Whether a pipeline can run, loaded or not. Without, all its frames would be dropped. */
  canRun(pipelineId: string): boolean {
    return this.#options.canRun(pipelineId);
  }

  /** Starts, holds or drops a frame, immediately. @returns a function that cancels its hold. */
  offer(sessionId: string, { bytes, limits, ...offered }: Frame, done: Done): CancelHold {
    const { pipelineId } = offered.source;
    const nowMs = performance.now();
    this.prepare(pipelineId);
    if (this.#scheduler.held > 0) this.#startHeld(nowMs);
    const frame = { ...offered, sessionId, pipelineId, done, maxHoldMs: limits?.maxHoldMs };
    const latestMs = nowMs + (limits?.timeoutMs ?? Number.POSITIVE_INFINITY);
    const job: Job = { ...frame, byteLength: bytes.byteLength, latestMs, holdMs: 0, slot: undefined };
    const decision = this.#scheduler.arrive(sessionId, job, nowMs);
    switch (decision.type) {
      case 'start':
        job.slot = this.#options.slots.allocate(bytes);
        this.#run(decision, nowMs);
        return nothingToCancel;
      case 'hold':
        this.#hold(decision.ticket, decision.displaced, bytes);
        return () => this.#cancel(decision.ticket);
      case 'drop':
        this.#settle(job, { type: 'dropped', reason: decision.reason });
        return nothingToCancel;
      default:
        return decision satisfies never;
    }
  }

  /** To be called whenever an executor can run more than before. */
  capacityChanged(): void {
    this.#startHeld(performance.now());
  }

  /** Drops held frames and all that still arrive. Resolves when nothing is in flight any more. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    this.#dropAll(this.#scheduler.drain(), 'draining');
    this.#settleWhenDrained();
    return this.#drained.promise;
  }

  /** Stops the executors. @returns whether all ended within `graceMs`. */
  async stop(graceMs: number): Promise<boolean> {
    this.#dropAll(this.#scheduler.drain(), 'draining');
    clearTimeout(this.#expiry?.timer);
    const ended = await Promise.all(this.#options.executors.map((executor) => executor.stop(graceMs)));
    return ended.every(Boolean);
  }

  status(): PoolStatus {
    return {
      ...executorsStatus(this.#options.executors, this.#options.poolWorkers),
      inFlight: this.#scheduler.inFlight,
      held: this.#scheduler.held,
      frameBytes: this.#options.slots.usedBytes,
      sessions: this.#scheduler.sessions,
      engines: this.#options.engines?.status() ?? [],
    };
  }

  /** Reporting an outcome may end the session and drop its held frames, so outcomes are reported after all state is updated. */
  #hold(ticket: Ticket<Job>, displaced: Ticket<Job> | undefined, bytes: Uint8Array): void {
    const job = ticket.frame;
    if (displaced !== undefined) this.#releaseHeld(displaced.frame);
    if (this.#mayHold(ticket)) job.slot = this.#options.slots.allocate(bytes);
    if (job.slot === undefined) this.#scheduler.cancel(ticket);
    else {
      this.#heldBytes += job.byteLength;
      this.#expireAt(ticket.holdEndMs);
    }
    const isFull = job.slot === undefined;
    if (displaced !== undefined) this.#settle(displaced.frame, { type: 'dropped', reason: 'displaced' });
    if (isFull) this.#settle(job, { type: 'dropped', reason: 'memory_full' });
  }

  #mayHold({ frame: { byteLength, sessionId }, session }: Ticket<Job>): boolean {
    const { maxHeldBytes } = this.#options;
    if (this.#heldBytes + byteLength > maxHeldBytes) return false;
    if (session.kind !== 'requests') return true;
    const own = this.#scheduler.heldBy(sessionId).reduce((sum, { frame }) => sum + frame.byteLength, 0);
    return own <= maxAddressHeldShare * maxHeldBytes;
  }

  #cancel(ticket: Ticket<Job>): void {
    if (this.#scheduler.cancel(ticket)) this.#dropHeld(ticket, 'session_closed');
  }

  /** Releases the bytes of a frame that is no longer held. */
  #releaseHeld(job: Job): void {
    this.#heldBytes -= job.byteLength;
    job.slot?.release();
    job.slot = undefined;
  }

  #run({ ticket, executor }: Start<Job, Executor>, nowMs: number): void {
    const { source, frameIndex, slot, latestMs, memory } = ticket.frame;
    ticket.frame.holdMs = nowMs - ticket.arrivedMs;
    if (slot === undefined) {
      this.#ended(ticket, { type: 'dropped', reason: 'memory_full' });
      return;
    }
    ticket.frame.slot = undefined;
    const deadlineMs = Math.min(latestMs, nowMs + this.#options.frameTimeoutMs);
    const moment = memory?.momentOf(ticket.arrivedMs) ?? noMoment;
    const outcome = executor.run({ source, frameIndex, slot, moment, holdEndMs: ticket.holdEndMs }, deadlineMs);
    void outcome.then((outcome) => this.#ended(ticket, outcome));
  }

  /** The freed worker gets its next frame before the reply to this one is written; that may be one of the same session. */
  #ended(ticket: Ticket<Job>, outcome: FrameOutcome): void {
    const nowMs = performance.now();
    if (outcome.type === 'result') ticket.frame.memory?.processed(ticket.arrivedMs, outcome.state);
    const reported = this.#scheduler.ended(ticket, outcome, nowMs);
    this.#startHeld(nowMs);
    this.#settle(ticket.frame, reported);
    this.#settleWhenDrained();
  }

  #startHeld(nowMs: number): void {
    for (let start = this.#scheduler.next(nowMs); start !== undefined; start = this.#scheduler.next(nowMs)) {
      this.#heldBytes -= start.ticket.frame.byteLength;
      this.#run(start, nowMs);
    }
  }

  /** Schedules the expiry of holds: one timer, for the hold that ends first. */
  #expireAt(atMs: number): void {
    if (this.#expiry !== undefined && this.#expiry.atMs <= atMs) return;
    clearTimeout(this.#expiry?.timer);
    const timer = setTimeout(() => this.#expire(), Math.max(0, atMs - performance.now()));
    this.#expiry = { timer, atMs };
  }

  #expire(): void {
    this.#expiry = undefined;
    const nowMs = performance.now();
    this.#dropAll(this.#scheduler.expire(nowMs), 'expired');
    this.#startHeld(nowMs);
    if (this.#scheduler.held > 0) this.#expireAt(this.#scheduler.nextExpiryMs);
  }

  #dropAll(tickets: readonly Ticket<Job>[], reason: DropReason): void {
    for (const ticket of tickets) this.#dropHeld(ticket, reason);
  }

  #dropHeld({ frame }: Ticket<Job>, reason: DropReason): void {
    this.#releaseHeld(frame);
    this.#settle(frame, { type: 'dropped', reason });
  }

  /** An exception in the callback must not disturb the pool. */
  #settle({ done, holdMs }: Job, outcome: FrameOutcome): void {
    try {
      done(outcome, holdMs);
    } catch (err) {
      this.#options.log.error('unexpected_error', { err }, 'outcome could not be delivered');
    }
  }

  #settleWhenDrained(): void {
    if (this.#scheduler.inFlight === 0) this.#drained?.resolve();
  }
}
