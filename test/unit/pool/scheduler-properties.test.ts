/** Invariants of the scheduler hold after every step, for any sequence of events. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { Scheduler, type Start } from '../../../src/pool/scheduler.ts';
import type { Ticket } from '../../../src/pool/ticket.ts';
import { TestExecutor } from '../../support/scheduling.ts';

interface Frame {
  readonly pipelineId: string;
  readonly session: string;
  readonly index: number;
}

type Step =
  | { readonly do: 'arrive'; readonly session: number; readonly page: boolean }
  | { readonly do: 'end'; readonly which: number; readonly lost: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'reopen'; readonly session: number };

const sessions = 4;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      session: fc.nat({ max: sessions - 1 }),
      page: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), lost: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), session: fc.nat({ max: sessions - 1 }) }) },
);

const setup = fc.record({
  capacities: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  maxWaitMs: fc.constantFrom(0, 50, 1000),
  maxPageWorkers: fc.option(fc.integer({ min: 1, max: 2 })),
  sequential: fc.boolean(),
});

/** Runs the steps, and checks the invariants after each of them. */
class Model {
  readonly executors: TestExecutor[];
  readonly scheduler: Scheduler<Frame, TestExecutor>;
  readonly running: Start<Frame, TestExecutor>[] = [];
  readonly held = new Map<Frame, Ticket<Frame>>();
  readonly outcome = new Map<Frame, 'started' | 'dropped'>();
  readonly sent: Frame[] = [];
  readonly #setup: { maxWaitMs: number; maxPageWorkers: number | null; sequential: boolean };
  readonly #next = new Array<number>(sessions).fill(0);
  readonly #generation = new Array<number>(sessions).fill(0);
  #nowMs = 0;

  constructor({
    capacities,
    ...rest
  }: { capacities: number[]; maxWaitMs: number; maxPageWorkers: number | null; sequential: boolean }) {
    this.#setup = rest;
    this.executors = capacities.map((capacity, index) =>
      index === 0 ? new TestExecutor(capacity, 'plates', 'pages') : new TestExecutor(capacity, 'plates'),
    );
    const { maxWaitMs, maxPageWorkers, sequential } = rest;
    const pages = { sequential, ...(maxPageWorkers === null ? {} : { maxWorkers: maxPageWorkers }) };
    this.scheduler = new Scheduler({ executors: this.executors, maxWaitMs, rules: new Map([['pages', pages]]) });
    for (let session = 0; session < sessions; session++) this.scheduler.open(this.#nameOf(session));
  }

  play(next: Step): void {
    switch (next.do) {
      case 'arrive':
        this.#arrive(next.session, next.page ? 'pages' : 'plates');
        break;
      case 'end':
        this.#end(next.which, next.lost);
        break;
      case 'pass':
        this.#pass(next.ms);
        break;
      case 'reopen':
        for (const { frame } of this.scheduler.close(this.#nameOf(next.session))) this.#drop(frame);
        this.#generation[next.session] = (this.#generation[next.session] ?? 0) + 1;
        this.scheduler.open(this.#nameOf(next.session));
        break;
      default:
        next satisfies never;
    }
    this.#check();
  }

  finish(): void {
    for (const { frame } of this.scheduler.drain()) this.#drop(frame);
    while (this.running.length > 0) this.#end(0, false);
    assert.equal(this.scheduler.inFlight, 0);
    assert.equal(this.scheduler.held, 0);
    for (const frame of this.sent) assert.ok(this.outcome.has(frame), 'every frame was started or dropped');
  }

  #arrive(session: number, pipelineId: string): void {
    const index = this.#next[session] ?? 0;
    this.#next[session] = index + 1;
    const frame: Frame = { pipelineId, session: this.#nameOf(session), index };
    this.sent.push(frame);
    const decision = this.scheduler.arrive(frame.session, frame, this.#nowMs);
    if (decision.type === 'start') this.#start(decision);
    else if (decision.type === 'drop') this.#drop(frame);
    else {
      if (decision.displaced !== undefined) this.#drop(decision.displaced.frame);
      this.held.set(frame, decision.ticket);
      assert.ok(decision.ticket.holdEndMs <= this.#nowMs + this.#setup.maxWaitMs);
    }
  }

  #end(which: number, lost: boolean): void {
    const [start] = this.running.splice(which % Math.max(1, this.running.length), 1);
    if (start === undefined) return;
    start.executor.running -= 1;
    const outcome = lost
      ? ({ type: 'dropped', reason: 'worker_lost' } as const)
      : ({ type: 'result', text: '', timings: {} } as const);
    this.scheduler.ended(start.ticket, outcome, this.#nowMs);
    this.#pump();
  }

  /** Like the pool's timer: holds are ended when they expire. */
  #pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let atMs = this.scheduler.nextExpiryMs; atMs <= untilMs; atMs = this.scheduler.nextExpiryMs) {
      this.#nowMs = Math.max(this.#nowMs, atMs);
      for (const { frame } of this.scheduler.expire(this.#nowMs)) this.#drop(frame);
    }
    this.#nowMs = untilMs;
    this.#pump();
  }

  #pump(): void {
    for (let start = this.scheduler.next(this.#nowMs); start !== undefined; start = this.scheduler.next(this.#nowMs)) {
      assert.ok(this.#nowMs < start.ticket.holdEndMs, 'a hold never lasts beyond its end');
      this.#start(start);
    }
  }

  #start(start: Start<Frame, TestExecutor>): void {
    const { frame } = start.ticket;
    assert.ok(start.executor.free > 0 && start.executor.pipelines.has(frame.pipelineId));
    this.#settle(frame, 'started');
    start.executor.running += 1;
    this.running.push(start);
  }

  #drop(frame: Frame): void {
    this.#settle(frame, 'dropped');
  }

  #settle(frame: Frame, as: 'started' | 'dropped'): void {
    assert.equal(this.outcome.get(frame), undefined, 'a frame is started once or dropped once');
    this.outcome.set(frame, as);
    this.held.delete(frame);
  }

  #check(): void {
    const heldFrames = [...this.held.keys()];
    assert.equal(this.scheduler.held, heldFrames.length);
    assert.equal(this.scheduler.inFlight, this.running.length);
    assert.equal(new Set(heldFrames.map(({ session }) => session)).size, heldFrames.length, 'one held frame a session');
    if (this.#setup.maxWaitMs === 0) assert.equal(heldFrames.length, 0);
    for (let session = 0; session < sessions; session++) this.#checkSession(this.#nameOf(session));
    const pages = this.running.filter(({ ticket }) => ticket.frame.pipelineId === 'pages');
    assert.ok(pages.length <= (this.#setup.maxPageWorkers ?? Number.POSITIVE_INFINITY));
    // Pages have separate limits; a plate may run wherever there is room.
    // In a burst at one instant, holds end when they begin, and only wait to be expired.
    const plates = [...this.held].filter(
      ([{ pipelineId }, { holdEndMs }]) => pipelineId === 'plates' && holdEndMs > this.#nowMs,
    );
    const isRoom = this.executors.some(({ free }) => free > 0);
    if (plates.length > 0) assert.ok(!isRoom || this.#isSlow('plates'), 'no worker idles beside a frame that may run');
  }

  #checkSession(session: string): void {
    const own = this.running.filter(({ ticket }) => ticket.frame.session === session);
    assert.equal(this.scheduler.inFlightOf(session), own.length);
    const pages = own.filter(({ ticket }) => ticket.frame.pipelineId === 'pages');
    if (this.#setup.sequential && pages.length > 0) assert.ok(pages.length === 1);
  }

  /** In this model frames take any time, so plates may count as slow too, and leave a worker to pages. */
  #isSlow(pipelineId: string): boolean {
    const running = this.running.filter(({ ticket }) => ticket.frame.pipelineId === pipelineId).length;
    const places = this.executors.reduce((sum, { capacity }) => sum + capacity, 0);
    return running >= places - 1;
  }

  #nameOf(session: number): string {
    return `session ${session} of ${this.#generation[session]}`;
  }
}

const runs = 2000;

test('every frame is started once or dropped once, within all limits, whatever happens', async (t) => {
  fc.assert(
    fc.property(setup, fc.array(step, { maxLength: 150, size: 'max' }), (given, steps) => {
      const model = new Model(given);
      for (const next of steps) model.play(next);
      model.finish();
    }),
    { numRuns: runs },
  );
  t.pass(`${runs} plays`);
});
