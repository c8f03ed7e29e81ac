/** The buffer of a target: order, limits, and that every event is published, waiting, or lost and said. */
import fc from 'fast-check';
import { test } from 'tap';
import { EventBuffer, type WaitingEvent } from '../../../../src/camera/publish/event-buffer.ts';
import type { CameraEvent } from '../../../../src/camera/publish/event-reader.ts';

let next = 0;
function eventOf(camera = 'gate', lostBefore = 0, bytes = 10): CameraEvent {
  const id = `id-${next++}`;
  return { id, camera, type: 'a', hasText: false, json: JSON.stringify({ id }), bytes, lostBefore };
}

const limits = { maxEvents: 3, maxBytes: 100 };

test('events are taken in order, and wait until they are acknowledged', async (t) => {
  const buffer = new EventBuffer(limits);
  const events = [eventOf(), eventOf()];
  for (const event of events) t.equal(buffer.push(event), 0);
  const [first, second] = [buffer.take(), buffer.take()];
  t.strictSame([first?.event, second?.event], events);
  t.equal(buffer.take(), undefined);
  t.equal(buffer.sending, 2);
  t.strictSame(buffer.counts, { published: 0, waiting: 2, lost: 0 });
  buffer.acknowledge(second as WaitingEvent);
  buffer.release();
  t.equal(buffer.take()?.event, events[0], 'only what was not acknowledged is sent again');
  t.equal(buffer.take(), undefined);
  t.strictSame(buffer.counts, { published: 1, waiting: 1, lost: 0 });
});

test('an acknowledgment that comes twice, or for a lost event, counts once', async (t) => {
  const buffer = new EventBuffer(limits);
  buffer.push(eventOf());
  const taken = buffer.take() as WaitingEvent;
  buffer.acknowledge(taken);
  buffer.acknowledge(taken);
  buffer.giveUp(taken);
  t.strictSame(buffer.counts, { published: 1, waiting: 0, lost: 0 });
});

test('when it is full, the oldest that are not being sent are lost', async (t) => {
  const buffer = new EventBuffer(limits);
  const events = [eventOf(), eventOf(), eventOf(), eventOf(), eventOf()];
  for (const event of events.slice(0, 3)) buffer.push(event);
  const first = buffer.take() as WaitingEvent;
  t.equal(buffer.push(events[3] as CameraEvent), 1);
  t.equal(buffer.push(events[4] as CameraEvent), 1);
  t.equal(buffer.take()?.event, events[3]);
  buffer.acknowledge(first);
  t.strictSame(buffer.counts, { published: 1, waiting: 2, lost: 2 });
});

test('it is also full by bytes, and an event that is larger than all of it is lost itself', async (t) => {
  const buffer = new EventBuffer(limits);
  buffer.push(eventOf('gate', 0, 60));
  t.equal(buffer.push(eventOf('gate', 0, 60)), 1);
  t.equal(buffer.push(eventOf('gate', 0, 101)), 2);
  t.strictSame(buffer.counts, { published: 0, waiting: 0, lost: 3 });
  t.equal(buffer.push(eventOf('gate', 0, 100)), 0);
});

test('what was lost is said by the next event of the same camera, and the text stays the same when it is sent again', async (t) => {
  const buffer = new EventBuffer({ maxEvents: 2, maxBytes: 1000 });
  for (const camera of ['gate', 'gate', 'yard']) buffer.push(eventOf(camera));
  buffer.push(eventOf('gate', 4));
  const yard = buffer.take();
  t.equal(JSON.parse(yard?.message ?? '').lost_before, undefined);
  const gate = buffer.take();
  t.equal(JSON.parse(gate?.message ?? '').lost_before, 6, 'two from the full buffer, four before');
  buffer.release();
  t.equal(buffer.take()?.message, yard?.message);
  t.equal(buffer.take()?.message, gate?.message);
  buffer.giveUp(gate as WaitingEvent);
  buffer.push(eventOf('gate'));
  t.equal(JSON.parse(buffer.take()?.message ?? '').lost_before, 7, 'what the lost one would have said, and itself');
});

/** A target that does what the steps say, and remembers what it got. */
class ModelTarget {
  readonly buffer = new EventBuffer({ maxEvents: 5, maxBytes: 150 });
  readonly acknowledged: WaitingEvent[] = [];
  pushed = 0;
  #taken: WaitingEvent[] = [];

  push(camera: string, bytes = 10): void {
    this.buffer.push(eventOf(camera, 0, bytes));
    this.pushed += 1;
  }

  take(): boolean {
    const event = this.buffer.take();
    if (event !== undefined) this.#taken.push(event);
    return event !== undefined;
  }

  answer(isAcknowledged: boolean): void {
    const event = this.#taken.shift();
    if (event === undefined) return;
    if (isAcknowledged) {
      this.buffer.acknowledge(event);
      this.acknowledged.push(event);
    } else this.buffer.giveUp(event);
  }

  release(): void {
    this.buffer.release();
    this.#taken = [];
  }

  get taken(): number {
    return this.#taken.length;
  }
}

test('whatever happens, every event is acknowledged once, or waits, or is lost and said', async (t) => {
  const push = fc.tuple(fc.constantFrom('gate', 'yard'), fc.integer({ min: 1, max: 60 })).map(
    ([camera, bytes]) =>
      (model: ModelTarget) =>
        model.push(camera, bytes),
  );
  const step = fc.oneof(
    { weight: 2, arbitrary: push },
    { weight: 2, arbitrary: fc.constant((model: ModelTarget) => void model.take()) },
    {
      weight: 1,
      arbitrary: fc.boolean().map((isAcknowledged) => (model: ModelTarget) => model.answer(isAcknowledged)),
    },
    { weight: 1, arbitrary: fc.constant((model: ModelTarget) => model.release()) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const model = new ModelTarget();
      for (const one of steps) {
        one(model);
        t.equal(model.buffer.sending, model.taken);
      }
      // The last message of each camera says everything that was lost before it.
      model.release();
      for (const camera of ['gate', 'yard']) model.push(camera);
      while (model.take()) model.answer(true);
      const { acknowledged, buffer, pushed } = model;
      const said = acknowledged.reduce((sum, { message }) => sum + (JSON.parse(message).lost_before ?? 0), 0);
      t.strictSame(buffer.counts, { published: pushed - said, waiting: 0, lost: said });
      t.equal(new Set(acknowledged.map(({ event }) => event.id)).size, acknowledged.length, 'nothing twice');
    }),
    { numRuns: 300 },
  );
});
