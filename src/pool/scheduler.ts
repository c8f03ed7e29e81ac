/**
 * Admission: which frame runs, where and when. Pure: no thread, socket or clock. Calls go in, decisions come out.
 *
 *   arrive ─► start: a worker is free         next ─► start: the held frame of the session that is owed the most
 *          ─► hold: its session's newest      expire ─► drop: its hold has ended
 *          ─► drop
 *
 * Each call takes O(log n) for n sessions or held frames, and O(k) for k executors and pipelines.
 */

import { ActiveSessions } from './active-sessions.ts';
import type { Decision, Start } from './decision.ts';
import type { Capacity } from './executor.ts';
import { chooseExecutor } from './executor-choice.ts';
import { HeldFrames, type Runnable } from './held-frames.ts';
import { HoldLength } from './hold-length.ts';
import type { FrameOutcome } from './messages.ts';
import { PipelineLoad, type PipelineRules } from './pipeline-load.ts';
import { SessionShare } from './session-share.ts';
import type { FrameInfo, Session, SessionKind, Ticket } from './ticket.ts';
import { reportedOutcome } from './worker-loss.ts';

interface Running {
  readonly startedMs: number;
  /** Worker time charged to the session at the start. */
  readonly estimateMs: number;
}

export type { Decision, Start } from './decision.ts';
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
  readonly #active = new ActiveSessions();
  readonly #held = new HeldFrames<Frame>();
  readonly #running = new Map<Ticket<Frame>, Running>();
  /** Number of sessions with held or running frames. */
  #contenders = 0;
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
    return this.#active.count(nowMs);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  inFlightOf(sessionId: string): number {
    return this.#sessions.get(sessionId)?.share.inFlight ?? 0;
  }

  open(sessionId: string, kind: SessionKind = 'stream'): void {
    this.#sessions.set(sessionId, {
      ...{ share: new SessionShare(), kind, generation: 0, activity: undefined },
      ...{ newest: undefined, held: 0, lanes: [], isContender: false },
    });
  }

  /** Removes a session; its running frames finish normally. @returns its held frames, which are dropped. */
  close(sessionId: string): Ticket<Frame>[] {
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    if (session === undefined) return [];
    if (session.activity !== undefined) this.#active.remove(session.activity);
    return this.#release(this.#held.of(session));
  }

  /** From now on, drops every frame that arrives. @returns the held frames, which are dropped too. */
  drain(): Ticket<Frame>[] {
    this.#isDraining = true;
    return this.#release(this.#held.tickets);
  }

  /** Decides on a frame that has just arrived. */
  arrive(sessionId: string, frame: Frame, nowMs: number): Decision<Frame, Target> {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { type: 'drop', reason: 'session_closed' };
    this.#recordArrival(session, frame, nowMs);
    if (this.#isDraining) return { type: 'drop', reason: 'draining' };
    this.#held.endHolds(nowMs);
    const ticket = this.#ticketOf(session, frame, nowMs);
    const executor = this.#executorFor(frame.pipelineId, session.generation, nowMs);
    if (executor !== undefined && this.#mayRun(frame.pipelineId, session.share.inFlight)) {
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
    this.#updateContenders(session);
    return { type: 'hold', ticket, displaced };
  }

  /** Cancels the hold of a frame. @returns whether it was held. */
  cancel(ticket: Ticket<Frame>): boolean {
    return this.#forget(ticket);
  }

  /** The held frames of a session. */
  heldBy(sessionId: string): Ticket<Frame>[] {
    const session = this.#sessions.get(sessionId);
    return session === undefined ? [] : this.#held.of(session);
  }

  /** The held frame to start now, if a worker is free for one. Call until it returns undefined whenever capacity was freed. */
  next(nowMs: number): Start<Frame, Target> | undefined {
    if (!this.#executors.some(({ free }) => free > 0)) return undefined;
    const runnable = this.#firstRunnable(nowMs);
    if (runnable === undefined) {
      this.#holdLength.recordIdle(nowMs);
      return undefined;
    }
    this.#holdLength.recordFreedWorker(nowMs - runnable.newestMs, nowMs);
    this.#forget(runnable.ticket);
    return this.#start(runnable.ticket, runnable.target, nowMs);
  }

  /** Ends expired holds. @returns their frames, which are dropped. */
  expire(nowMs: number): Ticket<Frame>[] {
    const ended = this.#release(this.#held.endedBy(nowMs));
    for (const ticket of ended) this.#holdLength.recordDrop(ticket, nowMs);
    return ended;
  }

  /** When the next hold ends; `Infinity` if nothing is held. */
  get nextExpiryMs(): number {
    return this.#held.nextEndMs;
  }

  /**
   * Ends a started frame: corrects its session's charge and frees its worker, unless it was lost.
   * @returns the outcome to report: a session that loses a second worker within a minute has failed.
   */
  ended(ticket: Ticket<Frame>, outcome: FrameOutcome, nowMs: number): FrameOutcome {
    const running = this.#running.get(ticket);
    if (running === undefined) throw new Error('frame ended without having started');
    this.#running.delete(ticket);
    const { session } = ticket;
    const { share } = session;
    const tookMs = nowMs - running.startedMs;
    share.inFlight -= 1;
    share.charge(tookMs - running.estimateMs, nowMs);
    if (session.activity !== undefined) this.#active.charged(session.activity);
    this.#updatePriority(session);
    // Failures are often early. One that took longer than expected shows that such frames are slow.
    const isTypical = outcome.type === 'result' || (outcome.type === 'failed' && tookMs > running.estimateMs);
    this.#loads.ended(ticket.frame.pipelineId, isTypical ? tookMs : undefined);
    return reportedOutcome(outcome, session, nowMs);
  }

  #recordArrival(session: Session<Frame>, { pipelineId }: Frame, nowMs: number): void {
    const { share } = session;
    // A session that joins or returns is not owed anything for the time in which it sent nothing.
    const least = share.activeUntilMs < nowMs ? this.#active.leastCharged(nowMs) : undefined;
    if (least !== undefined && share.chargeOrder < least.chargeOrder) {
      share.matchCharge(least);
      this.#held.update(session);
    }
    share.arrived(nowMs);
    if (session.activity === undefined) session.activity = this.#active.add(share);
    else this.#active.arrived(session.activity);
    this.#loads.arrived(pipelineId, share.activeUntilMs);
    if (share.intervalMs <= this.#maxWaitMs) this.#holdLength.recordInterval(share.intervalMs, nowMs);
  }

  #ticketOf(session: Session<Frame>, frame: Frame, nowMs: number): Ticket<Frame> {
    const { share, kind } = session;
    // A request has no newer frame that could displace it.
    if (kind !== 'stream') {
      const dueMs = nowMs + Math.min(this.#maxWaitMs, frame.maxHoldMs ?? this.#maxWaitMs);
      return { frame, session, arrivedMs: nowMs, holdEndMs: dueMs, dueMs, held: undefined };
    }
    const dueMs = nowMs + Math.min(this.#maxWaitMs, share.intervalMs);
    const serviceMs = this.#loads.serviceMs(frame.pipelineId);
    const limitMs = this.#holdLength.limitMs(nowMs, serviceMs, () => this.#held.isFirst(session));
    const holdEndMs = Math.min(dueMs, nowMs + limitMs);
    return { frame, session, arrivedMs: nowMs, holdEndMs, dueMs, held: undefined };
  }

  #firstRunnable(nowMs: number): Runnable<Frame, Target> | undefined {
    if (this.#held.size === 0) return undefined;
    this.#held.endHolds(nowMs);
    return this.#held.firstRunnable(
      (pipelineId, generation) => this.#executorFor(pipelineId, generation, nowMs),
      (pipelineId, inFlight) => this.#mayRun(pipelineId, inFlight),
      this.#fairInFlight(),
    );
  }

  /** A free executor that may run frames of a pipeline now. @param generation the oldest one that may. */
  #executorFor(pipelineId: string, generation: number, nowMs: number): Target | undefined {
    const best = chooseExecutor(this.#executors, pipelineId, generation);
    return best !== undefined && this.#loads.mayStart(pipelineId, nowMs) ? best : undefined;
  }

  /** Whether a session with this many frames in flight may start another one. */
  #mayRun(pipelineId: string, inFlight: number): boolean {
    return inFlight === 0 || !this.#loads.isSequential(pipelineId);
  }

  #start(ticket: Ticket<Frame>, executor: Target, nowMs: number): Start<Frame, Target> {
    const { session } = ticket;
    const { share } = session;
    const estimateMs = this.#loads.serviceMs(ticket.frame.pipelineId);
    this.#holdLength.recordStart(ticket, nowMs);
    session.generation = executor.generation;
    share.inFlight += 1;
    share.startedAtMs = nowMs;
    share.charge(estimateMs, nowMs);
    this.#updatePriority(session);
    this.#loads.started(ticket.frame.pipelineId);
    this.#running.set(ticket, { startedMs: nowMs, estimateMs });
    return { type: 'start', ticket, executor };
  }

  /** To be called whenever a session was charged, or its frames in flight or its generation have changed. */
  #updatePriority(session: Session<Frame>): void {
    this.#held.update(session);
    this.#updateContenders(session);
  }

  #updateContenders(session: Session<Frame>): void {
    const isContender = session.share.inFlight > 0 || session.held > 0;
    if (isContender === session.isContender) return;
    session.isContender = isContender;
    this.#contenders += isContender ? 1 : -1;
  }

  /** Whether frames with priority take so long that this one's hold would end long before its turn. */
  #wouldExpire({ frame, session, holdEndMs }: Ticket<Frame>, nowMs: number): boolean {
    const maxRunning = this.#loads.maxRunning(frame.pipelineId);
    const backlogMs = this.#held.msBefore(session, (pipelineId) => this.#loads.serviceMs(pipelineId));
    return backlogMs > maxBacklogFactor * maxRunning * (holdEndMs - nowMs);
  }

  /** Frames that each session may have in flight while another one holds a frame that could run. */
  #fairInFlight(): number {
    const capacity = this.#executors.reduce((sum, executor) => sum + executor.capacity, 0);
    return Math.max(1, Math.ceil(capacity / this.#contenders));
  }

  #release(tickets: Ticket<Frame>[]): Ticket<Frame>[] {
    for (const ticket of tickets) this.#forget(ticket);
    return tickets;
  }

  /** @returns whether the frame was held. */
  #forget(ticket: Ticket<Frame>): boolean {
    const { session } = ticket;
    if (session.newest === ticket) session.newest = undefined;
    const wasHeld = this.#held.remove(ticket);
    this.#updateContenders(session);
    return wasHeld;
  }
}
