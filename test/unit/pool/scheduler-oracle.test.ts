/** The scheduler decides as a plain one does that looks at every session and every held frame. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import type { PipelineRules } from '../../../src/pool/pipeline-load.ts';
import { type Decision, Scheduler, type Start } from '../../../src/pool/scheduler.ts';
import type { Ticket } from '../../../src/pool/ticket.ts';
import { LinearScheduler, type PlainDecision } from '../../support/linear-scheduler.ts';
import { namesOf, TestExecutor, type TestFrame } from '../../support/scheduling.ts';
import { seededRandom } from '../../support/seeded-random.ts';

interface Play {
  readonly seed: number;
  readonly sessions: number;
  readonly capacities: readonly number[];
  readonly maxWaitMs: number;
  readonly serviceMs: number;
  readonly intervalMs: number;
  readonly rules: PipelineRules;
}

const play: fc.Arbitrary<Play> = fc.record({
  seed: fc.nat(),
  sessions: fc.integer({ min: 1, max: 24 }),
  capacities: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  maxWaitMs: fc.constantFrom(0, 60, 1000),
  serviceMs: fc.constantFrom(5, 20, 150),
  intervalMs: fc.constantFrom(20, 50, 200),
  rules: fc.constantFrom<PipelineRules>({}, { maxWorkers: 1 }, { sequential: true }),
});

/** Workers with newer pipelines: a session that has used them does not go back. */
class ReloadedExecutor extends TestExecutor {
  override readonly generation = 2;
}

type Executors = readonly [TestExecutor, TestExecutor];

/** Everything happens to both schedulers; each has executors of its own. Times have a fraction, so that charges differ as in reality. */
class Twins {
  readonly #random: () => number;
  readonly #play: Play;
  readonly #executors: Executors[];
  readonly #indexed: Scheduler<TestFrame, TestExecutor>;
  readonly #linear: LinearScheduler;
  readonly #running: { readonly start: Start<TestFrame, TestExecutor>; readonly executors: Executors }[] = [];
  readonly #held = new Map<string, Ticket<TestFrame>>();
  readonly #opened: number[];
  #nowMs = 0;
  #frames = 0;
  decisions = 0;

  constructor(given: Play) {
    this.#play = given;
    this.#random = seededRandom(given.seed);
    this.#executors = given.capacities.map((capacity, index) => {
      const pipelines = index === 1 ? ['plates'] : ['plates', 'pages'];
      const Kind = index === 2 ? ReloadedExecutor : TestExecutor;
      return [new Kind(capacity, ...pipelines), new Kind(capacity, ...pipelines)];
    });
    const [maxWaitMs, rules] = [given.maxWaitMs, new Map([['pages', given.rules]])];
    this.#indexed = new Scheduler({ executors: this.#executors.map(([own]) => own), maxWaitMs, rules });
    this.#linear = new LinearScheduler({ executors: this.#executors.map(([, own]) => own), maxWaitMs, rules });
    this.#opened = Array.from({ length: given.sessions }, () => 0);
    for (let session = 0; session < given.sessions; session++) this.#open(session);
  }

  step(): void {
    const kind = this.#random();
    if (kind < 0.55) this.#arrive(this.#pick(this.#play.sessions));
    else if (kind < 0.9) this.#end();
    else if (kind < 0.93) this.#reopen(this.#pick(this.#play.sessions));
    else if (kind < 0.96) this.#cancel();
    else if (kind < 0.97) this.#nowMs += 3000 * this.#random();
    else this.#expire();
    // Some events happen at the same instant, and some holds end a while before they are expired.
    if (this.#random() < 0.8) this.#nowMs += (2 * this.#random() * this.#play.intervalMs) / this.#play.sessions;
    if (this.#random() < 0.7 && this.#indexed.nextExpiryMs <= this.#nowMs) this.#expire();
    this.#compare();
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #nameOf(session: number): string {
    return `session ${session} of ${this.#opened[session]}`;
  }

  #open(session: number): void {
    const kind = session % 5 === 4 ? 'requests' : 'stream';
    this.#indexed.open(this.#nameOf(session), kind);
    this.#linear.open(this.#nameOf(session), kind);
  }

  #arrive(session: number): void {
    const frame = { name: `${this.#frames++}`, pipelineId: this.#random() < 0.3 ? 'pages' : 'plates' };
    const decision = this.#indexed.arrive(this.#nameOf(session), frame, this.#nowMs);
    const plain = this.#linear.arrive(this.#nameOf(session), frame, this.#nowMs);
    this.decisions += 1;
    assert.deepEqual(this.#plainly(decision), plainly(plain, this.#executors));
    if (decision.type === 'start') this.#begin(decision);
    if (decision.type !== 'hold') return;
    if (decision.displaced !== undefined) this.#held.delete(decision.displaced.frame.name);
    this.#held.set(frame.name, decision.ticket);
  }

  #begin(start: Start<TestFrame, TestExecutor>): void {
    const executors = this.#executors.find(([own]) => own === start.executor) as Executors;
    for (const executor of executors) executor.running += 1;
    this.#held.delete(start.ticket.frame.name);
    this.#running.push({ start, executors });
  }

  #end(): void {
    const [ended] = this.#running.splice(this.#pick(this.#running.length), 1);
    if (ended === undefined) return;
    this.#nowMs += (this.#play.serviceMs * this.#random()) / this.#play.capacities.length;
    for (const executor of ended.executors) executor.running -= 1;
    const isResult = this.#random() < 0.9;
    const outcome = isResult
      ? ({ type: 'result', text: '', timings: {} } as const)
      : ({ type: 'dropped', reason: 'worker_lost' } as const);
    this.#indexed.ended(ended.start.ticket, outcome, this.#nowMs);
    this.#linear.ended(ended.start.ticket.frame.name, isResult, this.#nowMs);
    this.#pump();
  }

  #pump(): void {
    for (;;) {
      const next = this.#indexed.next(this.#nowMs);
      const plain = this.#linear.next(this.#nowMs);
      assert.deepEqual(next && this.#plainly(next), plain && plainly(plain, this.#executors));
      if (next === undefined) return;
      this.decisions += 1;
      this.#begin(next);
    }
  }

  #expire(): void {
    assert.deepEqual(namesOf(this.#indexed.expire(this.#nowMs)), this.#linear.expire(this.#nowMs));
    this.#forgetSettled();
    this.#pump();
  }

  #reopen(session: number): void {
    assert.deepEqual(namesOf(this.#indexed.close(this.#nameOf(session))), this.#linear.close(this.#nameOf(session)));
    this.#opened[session] = (this.#opened[session] ?? 0) + 1;
    this.#open(session);
    this.#forgetSettled();
  }

  #cancel(): void {
    const [name, ticket] = [...this.#held][this.#pick(this.#held.size)] ?? [];
    if (name === undefined || ticket === undefined) return;
    assert.equal(this.#indexed.cancel(ticket), this.#linear.cancel(name));
    assert.equal(this.#indexed.cancel(ticket), false);
    this.#held.delete(name);
  }

  #forgetSettled(): void {
    const held = new Set(this.#linear.held);
    for (const name of this.#held.keys()) if (!held.has(name)) this.#held.delete(name);
  }

  #compare(): void {
    assert.equal(this.#indexed.held, this.#linear.held.length);
    assert.equal(this.#indexed.inFlight, this.#running.length);
    assert.equal(this.#indexed.nextExpiryMs, this.#linear.nextExpiryMs);
    const session = this.#nameOf(this.#pick(this.#play.sessions));
    assert.deepEqual(namesOf(this.#indexed.heldBy(session)), this.#linear.heldBy(session));
  }

  finish(): void {
    assert.deepEqual(namesOf(this.#indexed.drain()), this.#linear.held);
    assert.equal(this.#indexed.held, 0);
    assert.equal(this.#indexed.nextExpiryMs, Number.POSITIVE_INFINITY);
  }

  #plainly(decision: Decision<TestFrame, TestExecutor>): unknown {
    if (decision.type === 'drop') return decision;
    const { ticket } = decision;
    if (decision.type === 'hold') {
      return { type: 'hold', holdEndMs: ticket.holdEndMs, displaced: decision.displaced?.frame.name };
    }
    const executor = this.#executors.findIndex(([own]) => own === decision.executor);
    return { type: 'start', name: ticket.frame.name, executor };
  }
}

/** A decision in which executors have numbers. */
function plainly(decision: PlainDecision, executors: readonly Executors[]): unknown {
  if (decision.type !== 'start') return decision;
  return { ...decision, executor: executors.findIndex(([, own]) => own === decision.executor) };
}

const runs = 400;
const steps = 400;

test('each decision is that of the plain scheduler, whatever happens', async (t) => {
  let decisions = 0;
  fc.assert(
    fc.property(play, (given) => {
      const twins = new Twins(given);
      for (let count = 0; count < steps; count++) twins.step();
      twins.finish();
      decisions += twins.decisions;
    }),
    { numRuns: runs },
  );
  t.ok(decisions > runs * 100, `${decisions} decisions`);
});
