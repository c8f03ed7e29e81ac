/**
 * Admission: which frame runs, where and when. Pure: no thread, socket or clock. Calls go in, decisions come out.
 *
 *   arrive ─► start: a worker is free         next ─► start: the held frame of the session that is owed the most
 *          ─► hold: its session's newest      expire ─► drop: its hold has ended
 *          ─► drop
 */

import type { DropReason } from '../status.ts';
import type { Capacity } from './executor.ts';
import { chooseExecutor } from './executor-choice.ts';
import { HoldLength } from './hold-length.ts';
import type { FrameOutcome } from './messages.ts';
import { PipelineLoad, type PipelineRules } from './pipeline-load.ts';
import { SessionShare } from './session-share.ts';
import { type FrameInfo, hasPriorityOver, type Session, type SessionKind, type Ticket } from './ticket.ts';

interface Running {
  readonly startedMs: number;
  /** Worker time charged to the session at the start. */
  readonly estimateMs: number;
}

export interface Start<Frame extends FrameInfo, Target> {
  readonly type: 'start';
  readonly ticket: Ticket<Frame>;
  readonly executor: Target;
}

export type Decision<Frame extends FrameInfo, Target> =
  | Start<Frame, Target>
  | {
      readonly type: 'hold';
      readonly ticket: Ticket<Frame>;
      /** The session's older frame, whose place it took. */
      readonly displaced: Ticket<Frame> | undefined;
    }
  | { readonly type: 'drop'; readonly reason: DropReason };

export interface SchedulerOptions<Target extends Capacity> {
  /** Where frames can run. Read again for each decision, so the array may change. */
  readonly executors: readonly Target[];
  /** Rules by pipeline id; a pipeline without an entry has none. */
  readonly rules?: ReadonlyMap<string, PipelineRules>;
  /** Maximum hold; with 0, frames are never held. */
  readonly maxWaitMs: number;
}

/** A frame is not held if the frames with priority over it take more than this many times its hold: it would be copied only to expire. */
const maxBacklogFactor = 2;

export class Scheduler<Frame extends FrameInfo, Target extends Capacity> {
  readonly #executors: readonly Target[];
  readonly #maxWaitMs: number;
  readonly #sessions = new Map<string, Session<Frame>>();
  readonly #held = new Set<Ticket<Frame>>();
  readonly #running = new Map<Ticket<Frame>, Running>();
  readonly #loads: PipelineLoad;
  readonly #holdLength: HoldLength;
  #isDraining = false;

  constructor({ executors, rules = new Map(), maxWaitMs }: SchedulerOptions<Target>) {
    this.#executors = executors;
    this.#maxWaitMs = maxWaitMs;
    this.#loads = new PipelineLoad(executors, rules);
    this.#holdLength = new HoldLength(maxWaitMs);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Running frames of all sessions, including closed ones. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Sessions that sent frames lately. */
  activeSessions(nowMs: number): number {
    let count = 0;
    for (const { share } of this.#sessions.values()) if (share.activeUntilMs >= nowMs) count += 1;
    return count;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  inFlightOf(sessionId: string): number {
    return this.#sessions.get(sessionId)?.share.inFlight ?? 0;
  }

  open(sessionId: string, kind: SessionKind = 'stream'): void {
    this.#sessions.set(sessionId, { share: new SessionShare(), kind, generation: 0, newest: undefined });
  }

  /** Removes a session; its running frames finish normally. @returns its held frames, which are dropped. */
  close(sessionId: string): Ticket<Frame>[] {
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    return session === undefined ? [] : this.#release((ticket) => ticket.session === session);
  }

  /** From now on, drops every frame that arrives. @returns the held frames, which are dropped too. */
  drain(): Ticket<Frame>[] {
    this.#isDraining = true;
    return this.#release(() => true);
  }

  /** Decides on a frame that has just arrived. */
  arrive(sessionId: string, frame: Frame, nowMs: number): Decision<Frame, Target> {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { type: 'drop', reason: 'session_closed' };
    this.#recordArrival(session, frame, nowMs);
    if (this.#isDraining) return { type: 'drop', reason: 'draining' };
    const ticket = this.#ticketOf(session, frame, nowMs);
    const executor = this.#executorFor(ticket, nowMs);
    if (executor !== undefined) {
      this.#holdLength.recordBusy(nowMs);
      return this.#start(ticket, executor, nowMs);
    }
    if (this.#maxWaitMs === 0) return { type: 'drop', reason: 'busy' };
    const displaced = session.newest;
    if (displaced === undefined && this.#wouldExpire(ticket, nowMs)) {
      this.#holdLength.recordDrop(ticket, nowMs);
      return { type: 'drop', reason: 'busy' };
    }
    if (displaced !== undefined) {
      this.#forget(displaced);
      this.#holdLength.recordDrop(displaced, nowMs);
    }
    if (session.kind === 'stream') session.newest = ticket;
    this.#held.add(ticket);
    return { type: 'hold', ticket, displaced };
  }

  /** Cancels the hold of a frame. @returns whether it was held. */
  cancel(ticket: Ticket<Frame>): boolean {
    const wasHeld = this.#held.has(ticket);
    this.#forget(ticket);
    return wasHeld;
  }

  /** The held frames of a session. */
  heldBy(sessionId: string): Ticket<Frame>[] {
    const session = this.#sessions.get(sessionId);
    return [...this.#held].filter((ticket) => ticket.session === session);
  }

  /** The held frame to start now, if a worker is free for one. Call until it returns undefined whenever capacity was freed. */
  next(nowMs: number): Start<Frame, Target> | undefined {
    if (!this.#executors.some(({ free }) => free > 0)) return undefined;
    let best: { ticket: Ticket<Frame>; executor: Target } | undefined;
    let youngestMs = Number.POSITIVE_INFINITY;
    const share = this.#fairInFlight();
    for (const ticket of this.#held) {
      if (ticket.holdEndMs <= nowMs) continue;
      const executor = this.#executorFor(ticket, nowMs);
      if (executor === undefined) continue;
      youngestMs = Math.min(youngestMs, nowMs - ticket.arrivedMs);
      if (best === undefined || hasPriorityOver(ticket, best.ticket, nowMs, share)) best = { ticket, executor };
    }
    if (best === undefined) {
      this.#holdLength.recordIdle(nowMs);
      return undefined;
    }
    this.#holdLength.recordFreedWorker(youngestMs, nowMs);
    this.#forget(best.ticket);
    return this.#start(best.ticket, best.executor, nowMs);
  }

  /** Ends expired holds. @returns their frames, which are dropped. */
  expire(nowMs: number): Ticket<Frame>[] {
    const ended = this.#release(({ holdEndMs }) => holdEndMs <= nowMs);
    for (const ticket of ended) this.#holdLength.recordDrop(ticket, nowMs);
    return ended;
  }

  /** When the next hold ends; `Infinity` if nothing is held. */
  get nextExpiryMs(): number {
    return [...this.#held].reduce((nextMs, { holdEndMs }) => Math.min(nextMs, holdEndMs), Number.POSITIVE_INFINITY);
  }

  /**
   * Ends a started frame: corrects its session's charge and frees its worker, unless it was lost.
   * @returns the outcome to report: a session that loses a second worker within a minute has failed.
   */
  ended(ticket: Ticket<Frame>, outcome: FrameOutcome, nowMs: number): FrameOutcome {
    const running = this.#running.get(ticket);
    if (running === undefined) throw new Error('frame ended without having started');
    this.#running.delete(ticket);
    const { share, kind } = ticket.session;
    const tookMs = nowMs - running.startedMs;
    share.inFlight -= 1;
    share.charge(tookMs - running.estimateMs, nowMs);
    // Failures are often early and not representative. One that took longer than expected shows that such frames are slow.
    const isRepresentative = outcome.type === 'result' || (outcome.type === 'failed' && tookMs > running.estimateMs);
    this.#loads.ended(ticket.frame.pipelineId, isRepresentative ? tookMs : undefined);
    if (outcome.type !== 'dropped' || outcome.reason !== 'worker_lost' || kind === 'gateway') return outcome;
    return share.recordWorkerLoss(nowMs) ? repeatedLoss : outcome;
  }

  #recordArrival({ share }: Session<Frame>, { pipelineId }: Frame, nowMs: number): void {
    // A session that joins or returns is not owed anything for the time in which it sent nothing.
    const isReturning = share.activeUntilMs < nowMs;
    const minMs = isReturning ? this.#minActiveChargeMs(nowMs) : 0;
    if (share.chargeMs(nowMs) < minMs) share.charge(minMs - share.chargeMs(nowMs), nowMs);
    share.arrived(nowMs);
    this.#loads.arrived(pipelineId, share.activeUntilMs);
    if (share.intervalMs <= this.#maxWaitMs) this.#holdLength.recordInterval(share.intervalMs, nowMs);
  }

  #minActiveChargeMs(nowMs: number): number {
    let minMs = Number.POSITIVE_INFINITY;
    for (const { share } of this.#sessions.values()) {
      if (share.activeUntilMs >= nowMs) minMs = Math.min(minMs, share.chargeMs(nowMs));
    }
    return Number.isFinite(minMs) ? minMs : 0;
  }

  #ticketOf(session: Session<Frame>, frame: Frame, nowMs: number): Ticket<Frame> {
    const { share, kind } = session;
    // A request has no newer frame that could displace it.
    if (kind !== 'stream') {
      const dueMs = nowMs + Math.min(this.#maxWaitMs, frame.maxHoldMs ?? this.#maxWaitMs);
      return { frame, session, arrivedMs: nowMs, holdEndMs: dueMs, dueMs };
    }
    const dueMs = nowMs + Math.min(this.#maxWaitMs, share.intervalMs);
    const full = { frame, session, arrivedMs: nowMs, holdEndMs: dueMs, dueMs };
    const serviceMs = this.#loads.serviceMs(frame.pipelineId);
    const limitMs = this.#holdLength.limitMs(nowMs, serviceMs, () => this.#hasTopPriority(full, nowMs));
    return { ...full, holdEndMs: Math.min(dueMs, nowMs + limitMs) };
  }

  /** A free executor that may run the frame now. */
  #executorFor({ frame: { pipelineId }, session }: Ticket<Frame>, nowMs: number): Target | undefined {
    const best = chooseExecutor(this.#executors, pipelineId, session.generation);
    if (best === undefined || !this.#loads.mayStart(pipelineId, nowMs)) return undefined;
    return this.#loads.isSequential(pipelineId) && session.share.inFlight > 0 ? undefined : best;
  }

  #start(ticket: Ticket<Frame>, executor: Target, nowMs: number): Start<Frame, Target> {
    const { share } = ticket.session;
    const estimateMs = this.#loads.serviceMs(ticket.frame.pipelineId);
    this.#holdLength.recordStart(ticket, nowMs);
    ticket.session.generation = executor.generation;
    share.inFlight += 1;
    share.startedAtMs = nowMs;
    share.charge(estimateMs, nowMs);
    this.#loads.started(ticket.frame.pipelineId);
    this.#running.set(ticket, { startedMs: nowMs, estimateMs });
    return { type: 'start', ticket, executor };
  }

  /** Whether a frame goes before all held ones, except for its own session's, which it would displace. */
  #hasTopPriority(ticket: Ticket<Frame>, nowMs: number): boolean {
    for (const other of this.#held) {
      if (other.session !== ticket.session && hasPriorityOver(other, ticket, nowMs)) return false;
    }
    return true;
  }

  /** Whether frames with priority take so long that this one's hold would end long before its turn. */
  #wouldExpire(ticket: Ticket<Frame>, nowMs: number): boolean {
    const maxRunning = this.#loads.maxRunning(ticket.frame.pipelineId);
    let budgetMs = maxBacklogFactor * maxRunning * (ticket.holdEndMs - nowMs);
    for (const other of this.#held) {
      if (hasPriorityOver(other, ticket, nowMs)) budgetMs -= this.#loads.serviceMs(other.frame.pipelineId);
      if (budgetMs < 0) return true;
    }
    return false;
  }

  /** Frames that each session may have in flight while another one holds a frame that could run. */
  #fairInFlight(): number {
    const contenders = new Set([...this.#held, ...this.#running.keys()].map(({ session }) => session)).size;
    const capacity = this.#executors.reduce((sum, executor) => sum + executor.capacity, 0);
    return Math.max(1, Math.ceil(capacity / contenders));
  }

  #release(matches: (ticket: Ticket<Frame>) => boolean): Ticket<Frame>[] {
    const released = [...this.#held].filter(matches);
    for (const ticket of released) this.#forget(ticket);
    return released;
  }

  #forget(ticket: Ticket<Frame>): void {
    this.#held.delete(ticket);
    if (ticket.session.newest === ticket) ticket.session.newest = undefined;
  }
}

/** The outcome when a session loses a second worker; `detail` is sent to the peer. */
const repeatedLoss: FrameOutcome = {
  ...{ type: 'failed', code: 'pipeline_failure' },
  ...{ detail: 'Worker stopped unexpectedly', reason: 'session lost a second worker within a minute' },
};
