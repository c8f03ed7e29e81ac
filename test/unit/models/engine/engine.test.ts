/** One engine and its workers in one thread: batches, turns, tasks, and workers that leave. */

import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'tap';
import type { Device } from '../../../../src/models/engine/device.ts';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
import type { OwnedModel } from '../../../../src/models/model.ts';
import type { RawTensor } from '../../../../src/models/tensor-types.ts';
import {
  EngineHarness,
  isIdle,
  resultOf,
  rowOf,
  simulatedFile,
  startEngine,
  startWorker,
  startWorkers,
} from '../../../support/engine-harness.ts';
import { faults, SimulatedDevice } from '../../../support/simulated-device.ts';
import { until } from '../../../support/started-pool.ts';

/** Enough for messages that were sent to be read. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('batches form from what came while the last one ran', async (t) => {
  const { engine, models } = await startWorkers(t, 8, { baseMs: 20 });
  const first = models[0]?.run({ x: rowOf(100) });
  await until(() => engine.device.batches.length === 1);
  const others = models.slice(1).map((model, at) => model.run({ x: rowOf(at, 1) }));
  t.same(await first, resultOf(100));
  t.same(
    await Promise.all(others),
    models.slice(1).map((_, at) => resultOf(at, 1)),
  );
  t.same(engine.device.batches, [1, 7]);
  t.equal(engine.device.overlaps, 0);
  t.ok(isIdle(engine));
});

test('two models take turns', async (t) => {
  let gate: Promise<void> | undefined;
  const engine = new EngineHarness(t, new SimulatedDevice(async () => gate));
  const a = await startWorker(engine, 1, simulatedFile(t, {}, 'a.json'));
  const b = await startWorker(engine, 2, simulatedFile(t, {}, 'b.json'));
  const order: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const runs: Promise<unknown>[] = [];
  const run = async ({ model }: typeof a, ...values: number[]) => {
    for (const value of values) runs.push(model.run({ x: rowOf(value) }).then(() => order.push(value)));
    await turns();
  };
  await run(a, 1);
  await run(a, 2, 3, 4, 5, 6, 7, 8, 9);
  await run(b, 100);
  await run(a, 10);
  await run(b, 101);
  resolve();
  await Promise.all(runs);
  t.same(order.slice(0, 11), [1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 101]);
  t.equal(engine.device.overlaps, 0);
});

test('every run is answered with its own result, whoever comes when', async (t) => {
  const { engine, models } = await startWorkers(t, 5, { baseMs: 0.2, rowMs: 0.05 });
  const arrivals = fc.array(
    fc.record({
      worker: fc.integer({ min: 0, max: 4 }),
      value: fc.integer({ min: 0, max: 100 }),
      rows: fc.integer({ min: 1, max: 20 }),
      isDirect: fc.boolean(),
      pauseMs: fc.constantFrom(0, 0, 0, 1),
    }),
    { minLength: 1, maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(arrivals, async (sequence) => {
      const runs: Promise<boolean>[] = [];
      for (const arrival of sequence) {
        runs.push(isRight(models[arrival.worker] as (typeof models)[number], arrival));
        // A tool uses what it has allocated until its run ends.
        await (arrival.isDirect ? runs.at(-1) : sleep(arrival.pauseMs));
      }
      const results = await Promise.all(runs);
      return engine.device.overlaps === 0 && isIdle(engine) && results.every((each) => each);
    }),
    { numRuns: 25 },
  );
});

interface Arrival {
  readonly value: number;
  readonly rows: number;
  readonly isDirect: boolean;
}

/** Runs rows that differ, and compares each with what comes back for it. */
async function isRight(model: OwnedModel, { value, rows, isDirect }: Arrival): Promise<boolean> {
  const dims = [rows, 4];
  const x = isDirect ? model.allocate('x', dims) : { data: new Float32Array(4 * rows), dims };
  for (let row = 0; row < rows; row++) x.data.set([value, 0, 0, row] as never, 4 * row);
  const { y } = await model.run({ x });
  const expected = Array.from({ length: rows }, (_, row) => [value, value + row]).flat();
  return y?.data.join() === expected.join();
}

test('a worker that runs no more has all rows for itself', async (t) => {
  const { engine, models } = await startWorkers(t, 2, { baseMs: 1 });
  const [first, second] = models;
  await Promise.all(Array.from({ length: 40 }, (_, at) => first?.run({ x: rowOf(at) })));
  engine.device.batches.length = 0;
  await second?.run({ x: { data: new Float32Array(16 * 4), dims: [16, 4] } });
  t.same(engine.device.batches, [8, 8]);
});

test('a run waits for a fuller batch as long as its model asks for, and no longer than for a full one', async (t) => {
  const engine = startEngine(t);
  const overrides = { max_batch: 4, max_delay_us: 600_000_000 };
  const client = new EngineClient([engine.link(1)]);
  const model = await client.open({ name: 'mine', path: simulatedFile(t), overrides });
  await model.run({ x: { data: new Float32Array(16), dims: [4, 4] } });
  engine.device.batches.length = 0;
  const early = [1, 2, 3].map((value) => model.run({ x: rowOf(value) }));
  await sleep(20);
  t.same(engine.device.batches, []);
  await Promise.all([...early, model.run({ x: rowOf(1) })]);
  t.same(engine.device.batches, [4]);
});

test('a delay ends by itself', async (t) => {
  const { engine, models } = await startWorkers(t, 1, {}, { max_delay_us: 2500 });
  await models[0]?.run({ x: rowOf(1) });
  t.same(engine.device.batches, [1]);
});

test('sessions are created one at a time, and batches run in between', async (t) => {
  const { engine, models, workers } = await startWorkers(t, 2, { baseMs: 0 });
  const events: string[] = [];
  const { device } = engine;
  let creating = 0;
  const load = device.load.bind(device);
  device.load = async (name, path) => {
    creating += 1;
    t.equal(creating, 1);
    events.push(name);
    await sleep(5);
    creating -= 1;
    return load(name, path);
  };
  const opened = ['a', 'b', 'c'].map((name) =>
    workers[0]?.client.open({ name, path: simulatedFile(t, {}, `${name}.json`), overrides: {} }),
  );
  await until(() => events.length === 1);
  await models[1]?.run({ x: rowOf(1) }).then(() => events.push('run'));
  await Promise.all(opened);
  t.ok(events.indexOf('run') < events.indexOf('c'), 'not after all of them');
});

test('a row that fails does not fail the others of its batch', async (t) => {
  const { models } = await startWorkers(t, 4, { baseMs: 5 });
  const runs = models.map((model, at) => model.run({ x: rowOf(at === 2 ? faults.fail : at) }));
  const results = await Promise.allSettled(runs);
  t.match(results, [
    { value: resultOf(0) },
    { value: resultOf(1) },
    { status: 'rejected', reason: { message: 'this row fails' } },
    { value: resultOf(3) },
  ]);
});

test('a worker that leaves frees its rows and models, also those that wait', async (t) => {
  const { engine, workers, models } = await startWorkers(t, 2, { baseMs: 20 });
  const [leaver, stayer] = workers;
  leaver?.model.allocate('x', [8, 4]);
  const running = stayer?.model.run({ x: rowOf(1) });
  await until(() => engine.counters.currentRun !== 0);
  const lost = models[0]?.run({ x: { data: new Float32Array(7 * 4), dims: [7, 4] } });
  leaver?.client.lose(0);
  await t.rejects(Promise.resolve(lost), { name: 'EngineLostError' });
  t.same(await running, resultOf(1));
  engine.device.batches.length = 0;
  t.match(await stayer?.model.run({ x: { data: new Float32Array(16 * 4), dims: [16, 4] } }), { y: { dims: [16, 2] } });
  t.same(engine.device.batches, [8, 8], 'what the worker had submitted did not run');
  t.ok(isIdle(engine));
});

test('rows that come back with different sizes fail their command only', async (t) => {
  // Each run has as many values per row as it has rows, except while the model is probed.
  let isProbed = false;
  const device: Device = {
    id: undefined,
    check: async () => undefined,
    load: async () => ({
      ...{
        provider: 'odd',
        metadata: {},
        providerErrors: [],
        inputs: [{ name: 'x', type: 'float32', dims: ['n', 4] }],
        outputs: [],
      },
      async run(inputs, outputs) {
        const rows = (inputs['x'] as RawTensor).dims[0] ?? 1;
        if (isProbed && outputs !== undefined) throw new Error('the pre-allocated output has another shape');
        if (isProbed && rows > 2) throw new Error('too many');
        const size = isProbed ? rows : 1;
        return { y: { type: 'float32', data: new Float32Array(rows * size), dims: [rows, size] } };
      },
      release: async () => undefined,
    }),
  };
  const engine = new EngineHarness(t, device);
  const { model } = await startWorker(engine as unknown as EngineHarness, 1, simulatedFile(t));
  isProbed = true;
  await t.rejects(model.run({ x: { data: new Float32Array(12), dims: [3, 4] } }), /rows of different sizes/);
  t.match(await model.run({ x: rowOf(1) }), { y: { dims: [1, 1] } });
});

test('stops after what is running', async (t) => {
  const { engine, models } = await startWorkers(t, 1, { baseMs: 20 });
  const running = models[0]?.run({ x: rowOf(1) });
  await until(() => engine.counters.currentRun !== 0);
  await engine.engine.stop();
  t.same(await running, resultOf(1));
});
