/** Admission by the same rules as `src/pool/scheduler.ts`, but as plainly as possible: each decision looks at every session and frame. Tests only. */
import { chooseExecutor } from '../../src/pool/executor-choice.ts';
import { HoldLength } from '../../src/pool/hold-length.ts';
import { PipelineLoad } from '../../src/pool/pipeline-load.ts';
import type { SchedulerOptions } from '../../src/pool/scheduler.ts';
import { SessionShare } from '../../src/pool/session-share.ts';
import type { SessionKind } from '../../src/pool/ticket.ts';
import type { TestExecutor, TestFrame } from './scheduling.ts';

interface PlainSession {
  readonly share: SessionShare;
  readonly kind: SessionKind;
  generation: number;
}

interface PlainTicket {
  readonly frame: TestFrame;
  readonly session: PlainSession;
  readonly arrivedMs: number;
  readonly holdEndMs: number;
  readonly dueMs: number;
}

/** What happened to frames, as `scheduler.ts` would decide it. */
export type PlainDecision =
  | { readonly type: 'start'; readonly name: string; readonly executor: TestExecutor }
  | { readonly type: 'hold'; readonly holdEndMs: number; readonly displaced: string | undefined }
  | { readonly type: 'drop'; readonly reason: string };

type PlainStart = Extract<PlainDecision, { type: 'start' }>;

export class LinearScheduler {
  readonly #options: Required<SchedulerOptions<TestExecutor>>;
  readonly #sessions = new Map<string, PlainSession>();
  /** In the order of holds. */
  #held: PlainTicket[] = [];
  readonly #running = new Map<string, PlainTicket & { readonly startedMs: number; readonly estimateMs: number }>();
  readonly #loads: PipelineLoad;
  readonly #holdLength: HoldLength;

  constructor(options: Required<SchedulerOptions<TestExecutor>>) {
    this.#options = options;
    this.#loads = new PipelineLoad(options.executors, options.rules);
    this.#holdLength = new HoldLength(options.maxWaitMs);
  }

  get held(): string[] {
    return this.#held.map(({ frame }) => frame.name);
  }

  get nextExpiryMs(): number {
    return Math.min(...this.#held.map(({ holdEndMs }) => holdEndMs));
  }

  heldBy(id: string): string[] {
    return this.#held.filter(({ session }) => session === this.#sessions.get(id)).map(({ frame }) => frame.name);
  }

  open(id: string, kind: SessionKind): void {
    this.#sessions.set(id, { share: new SessionShare(), kind, generation: 0 });
  }

  close(id: string): string[] {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    return this.#release((ticket) => ticket.session === session).map(({ frame }) => frame.name);
  }

  cancel(name: string): boolean {
    return this.#release(({ frame }) => frame.name === name).length > 0;
  }

  arrive(id: string, frame: TestFrame, nowMs: number): PlainDecision {
    const session = this.#sessions.get(id);
    if (session === undefined) return { type: 'drop', reason: 'session_closed' };
    this.#join(session, nowMs);
    session.share.arrived(nowMs);
    this.#loads.arrived(frame.pipelineId, session.share.activeUntilMs);
    const { intervalMs } = session.share;
    const { maxWaitMs } = this.#options;
    if (intervalMs <= maxWaitMs) this.#holdLength.recordInterval(intervalMs, nowMs);
    const ticket = this.#ticketOf(session, frame, nowMs);
    const executor = this.#executorFor(ticket, nowMs);
    if (executor !== undefined) this.#holdLength.recordBusy(nowMs);
    if (executor !== undefined) return this.#start(ticket, executor, nowMs);
    const displaced = session.kind !== 'stream' ? undefined : this.#held.find((other) => other.session === session);
    if (maxWaitMs === 0 || (displaced === undefined && this.#wouldExpire(ticket, nowMs))) {
      if (maxWaitMs > 0) this.#holdLength.recordDrop(ticket, nowMs);
      return { type: 'drop', reason: 'busy' };
    }
    if (displaced !== undefined) this.#holdLength.recordDrop(displaced, nowMs);
    this.#held = [...this.#held.filter((other) => other !== displaced), ticket];
    return { type: 'hold', holdEndMs: ticket.holdEndMs, displaced: displaced?.frame.name };
  }

  next(nowMs: number): PlainStart | undefined {
    if (!this.#options.executors.some(({ free }) => free > 0)) return undefined;
    const runnable = this.#held.filter(
      (each) => each.holdEndMs > nowMs && this.#executorFor(each, nowMs) !== undefined,
    );
    const share = this.#fairInFlight();
    const [first, ...others] = runnable;
    if (first === undefined) {
      this.#holdLength.recordIdle(nowMs);
      return undefined;
    }
    const best = others.reduce((best, other) => (goesBefore(other, best, share) ? other : best), first);
    this.#holdLength.recordFreedWorker(Math.min(...runnable.map(({ arrivedMs }) => nowMs - arrivedMs)), nowMs);
    this.#held = this.#held.filter((other) => other !== best);
    return this.#start(best, this.#executorFor(best, nowMs) as TestExecutor, nowMs);
  }

  expire(nowMs: number): string[] {
    const ended = this.#release(({ holdEndMs }) => holdEndMs <= nowMs);
    for (const ticket of ended) this.#holdLength.recordDrop(ticket, nowMs);
    return ended.map(({ frame }) => frame.name);
  }

  ended(name: string, isResult: boolean, nowMs: number): void {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} is not running`);
    this.#running.delete(name);
    const { share } = running.session;
    const tookMs = nowMs - running.startedMs;
    share.inFlight -= 1;
    share.charge(tookMs - running.estimateMs, nowMs);
    this.#loads.ended(running.frame.pipelineId, isResult ? tookMs : undefined);
  }

  #join({ share }: PlainSession, nowMs: number): void {
    if (share.activeUntilMs >= nowMs) return;
    const active = [...this.#sessions.values()].filter((each) => each.share.activeUntilMs >= nowMs);
    const least = active.reduce<SessionShare | undefined>(
      (best, each) => (best === undefined || each.share.chargeOrder < best.chargeOrder ? each.share : best),
      undefined,
    );
    if (least !== undefined && share.chargeOrder < least.chargeOrder) share.matchCharge(least);
  }

  #ticketOf(session: PlainSession, frame: TestFrame, nowMs: number): PlainTicket {
    const { maxWaitMs } = this.#options;
    const dueMs = nowMs + (session.kind !== 'stream' ? maxWaitMs : Math.min(maxWaitMs, session.share.intervalMs));
    const full = { frame, session, arrivedMs: nowMs, holdEndMs: dueMs, dueMs };
    if (session.kind !== 'stream') return full;
    const isFirst = () => this.#ahead(full, nowMs).every((other) => other.session === session);
    const limitMs = this.#holdLength.limitMs(nowMs, this.#loads.serviceMs(frame.pipelineId), isFirst);
    return { ...full, holdEndMs: Math.min(dueMs, nowMs + limitMs) };
  }

  #wouldExpire(ticket: PlainTicket, nowMs: number): boolean {
    const ahead = this.#ahead(ticket, nowMs);
    const backlogMs = ahead.reduce((sum, { frame }) => sum + this.#loads.serviceMs(frame.pipelineId), 0);
    return backlogMs > 2 * this.#loads.maxRunning(ticket.frame.pipelineId) * (ticket.holdEndMs - nowMs);
  }

  /** Held frames that go before one that arrives now. */
  #ahead(ticket: PlainTicket, nowMs: number): PlainTicket[] {
    const share = Number.POSITIVE_INFINITY;
    return this.#held.filter((other) => other.holdEndMs > nowMs && !goesBefore(ticket, other, share));
  }

  #executorFor({ frame: { pipelineId }, session }: PlainTicket, nowMs: number): TestExecutor | undefined {
    const best = chooseExecutor(this.#options.executors, pipelineId, session.generation);
    if (best === undefined || !this.#loads.mayStart(pipelineId, nowMs)) return undefined;
    return this.#loads.isSequential(pipelineId) && session.share.inFlight > 0 ? undefined : best;
  }

  #start(ticket: PlainTicket, executor: TestExecutor, nowMs: number): PlainStart {
    const { session, frame } = ticket;
    const estimateMs = this.#loads.serviceMs(frame.pipelineId);
    this.#holdLength.recordStart(ticket, nowMs);
    session.generation = executor.generation;
    session.share.inFlight += 1;
    session.share.startedAtMs = nowMs;
    session.share.charge(estimateMs, nowMs);
    this.#loads.started(frame.pipelineId);
    this.#running.set(frame.name, { ...ticket, startedMs: nowMs, estimateMs });
    return { type: 'start', name: frame.name, executor };
  }

  #fairInFlight(): number {
    const contenders = new Set([...this.#held, ...this.#running.values()].map(({ session }) => session)).size;
    const capacity = this.#options.executors.reduce((sum, executor) => sum + executor.capacity, 0);
    return Math.max(1, Math.ceil(capacity / contenders));
  }

  #release(matches: (ticket: PlainTicket) => boolean): PlainTicket[] {
    const released = this.#held.filter(matches);
    this.#held = this.#held.filter((ticket) => !matches(ticket));
    return released;
  }
}

/** Whether a frame goes before one that was held earlier. */
function goesBefore(a: PlainTicket, b: PlainTicket, fairInFlight: number): boolean {
  const [shareA, shareB] = [a.session.share, b.session.share];
  const isWithin = shareA.inFlight < fairInFlight;
  if (isWithin !== shareB.inFlight < fairInFlight) return isWithin;
  if (shareA.chargeOrder !== shareB.chargeOrder) return shareA.chargeOrder < shareB.chargeOrder;
  return shareA.startedAtMs < shareB.startedAtMs;
}
