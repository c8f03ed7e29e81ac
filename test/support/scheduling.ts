/** A scheduler with simulated executors, for tests with single frames. Tests only. */
import type { Capacity } from '../../src/pool/executor.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';
import type { PipelineRules } from '../../src/pool/pipeline-load.ts';
import { type Decision, Scheduler, type Start } from '../../src/pool/scheduler.ts';
import type { SessionKind, Ticket } from '../../src/pool/ticket.ts';
import type { DropReason } from '../../src/status.ts';

export interface TestFrame {
  readonly pipelineId: string;
  readonly name: string;
}

export class TestExecutor implements Capacity {
  readonly generation: number = 1;
  readonly rank: number = 0;
  readonly pipelines: ReadonlySet<string>;
  readonly capacity: number;
  running = 0;

  constructor(capacity: number, ...pipelines: string[]) {
    this.capacity = capacity;
    this.pipelines = new Set(pipelines.length === 0 ? ['plates'] : pipelines);
  }

  get free(): number {
    return this.capacity - this.running;
  }

  get idleShare(): number {
    return this.free / Math.max(1, this.capacity);
  }
}

interface Options {
  readonly executors?: readonly TestExecutor[];
  readonly maxWaitMs?: number;
  readonly rules?: Readonly<Record<string, PipelineRules>>;
}

const result: FrameOutcome = { type: 'result', text: '', timings: {} };

/** Frames by name; what happens to each is recorded as a line of text. */
export class Scheduling {
  readonly scheduler: Scheduler<TestFrame, TestExecutor>;
  readonly running = new Map<string, Start<TestFrame, TestExecutor>>();
  readonly events: string[] = [];

  constructor({ executors = [new TestExecutor(1)], maxWaitMs = 1000, rules = {} }: Options = {}) {
    this.scheduler = new Scheduler({ executors, maxWaitMs, rules: new Map(Object.entries(rules)) });
  }

  open(...sessions: string[]): void {
    for (const session of sessions) this.scheduler.open(session);
  }

  openEach(session: string): void {
    this.scheduler.open(session, 'requests' satisfies SessionKind);
  }

  /** Offers a frame. @returns the decision. */
  arrive(
    session: string,
    name: string,
    nowMs: number,
    pipelineId = 'plates',
  ): Decision<TestFrame, TestExecutor>['type'] {
    const decision = this.scheduler.arrive(session, { name, pipelineId }, nowMs);
    if (decision.type === 'start') this.#begin(decision);
    else if (decision.type === 'drop') this.#dropped(name, decision.reason);
    else if (decision.displaced !== undefined) this.#dropped(decision.displaced.frame.name, 'displaced');
    return decision.type;
  }

  /** Ends a running frame and starts held ones on freed workers. @returns the outcome to report. */
  end(name: string, nowMs: number, outcome: FrameOutcome = result): FrameOutcome {
    const start = this.running.get(name);
    if (start === undefined) throw new Error(`${name} is not running`);
    this.running.delete(name);
    start.executor.running -= 1;
    const reported = this.scheduler.ended(start.ticket, outcome, nowMs);
    this.pump(nowMs);
    return reported;
  }

  /** Starts all frames that can be started. @returns their names in order. */
  pump(nowMs: number): string[] {
    const started: string[] = [];
    for (let next = this.scheduler.next(nowMs); next !== undefined; next = this.scheduler.next(nowMs)) {
      started.push(next.ticket.frame.name);
      this.#begin(next);
    }
    return started;
  }

  expire(nowMs: number): string[] {
    return namesOf(this.scheduler.expire(nowMs));
  }

  #begin(start: Start<TestFrame, TestExecutor>): void {
    start.executor.running += 1;
    this.running.set(start.ticket.frame.name, start);
    this.events.push(`${start.ticket.frame.name} started`);
  }

  #dropped(name: string, reason: DropReason): void {
    this.events.push(`${name} dropped: ${reason}`);
  }
}

export function namesOf(tickets: readonly Ticket<TestFrame>[]): string[] {
  return tickets.map(({ frame }) => frame.name);
}
