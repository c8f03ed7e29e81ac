/** Models are loaded once, and stay until their last user closes them. */

import { writeFileSync } from 'node:fs';
import { test } from 'tap';
import type { DeviceModel } from '../../../../src/models/engine/device.ts';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
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
import { SimulatedDevice, wait } from '../../../support/simulated-device.ts';
import { until } from '../../../support/started-pool.ts';

test('batches get smaller if the memory of the device is full', async (t) => {
  let maxRows = 8;
  class Full extends SimulatedDevice {
    override async load(name: string, path: string): Promise<DeviceModel> {
      const model = await super.load(name, path);
      const run: DeviceModel['run'] = async (inputs, outputs) => {
        if ((inputs['x']?.dims[0] ?? 0) > maxRows) throw new Error('Failed to allocate memory for requested buffer');
        return model.run(inputs, outputs);
      };
      return { ...model, run };
    }
  }
  const engine = new EngineHarness(t, new Full(wait));
  const { model } = await startWorker(engine, 1, simulatedFile(t));
  maxRows = 2;
  engine.device.batches.length = 0;
  const run = () => model.run({ x: { data: new Float32Array(32).fill(1), dims: [8, 4] } });
  t.match(await run(), { y: { dims: [8, 2], data: new Float32Array(16).fill(1).map((_, at) => 1 + (at % 2)) } });
  t.same(engine.device.batches, [2, 2, 2, 2]);
  t.same(
    engine.notices.flatMap((notice) => (notice.type === 'out_of_memory' ? [[notice.type, notice.maxBatch]] : [])),
    [
      ['out_of_memory', 4],
      ['out_of_memory', 2],
    ],
  );
});

test('a model that cannot be batched is told once', async (t) => {
  const engine = startEngine(t);
  const path = simulatedFile(t, { dims: [1, 'n'] });
  const { model } = await startWorker(engine, 1, path);
  t.same(await model.run({ x: { data: Float32Array.of(1, 2), dims: [1, 2] } }), resultOf(1, 2));
  const told = engine.notices.filter(({ type }) => type !== 'loading' && type !== 'loaded');
  t.match(told, [{ type: 'unbatched', model: 'mine', reason: /batch size at 1/ }]);
  t.equal(told.length, 1);
});

test('a model that is closed while its run waits: the run fails', async (t) => {
  const { engine, path, workers, models } = await startWorkers(t, 1, { baseMs: 20 });
  const other = await startWorker(engine, 2, simulatedFile(t, { baseMs: 30 }, 'other.json'));
  const busy = other.model.run({ x: rowOf(1) });
  await until(() => engine.counters.currentRun !== 0);
  const waiting = models[0]?.run({ x: rowOf(1) });
  await models[0]?.release();
  await t.rejects(Promise.resolve(waiting), /the model is closed/);
  await busy;
  t.ok(isIdle(engine));
  await t.rejects(Promise.resolve(models[0]?.run({ x: rowOf(1) })), /the model is closed/);
  const again = await workers[0]?.client.open({ name: 'mine', path, overrides: {} });
  t.same(await again?.run({ x: rowOf(3) }), resultOf(3), 'and it can be opened again');
});

test('a model stays loaded until its last user closes it', async (t) => {
  const released: string[] = [];
  class Watched extends SimulatedDevice {
    override async load(name: string, path: string): Promise<DeviceModel> {
      return { ...(await super.load(name, path)), release: async () => void released.push(name) };
    }
  }
  const engine = new EngineHarness(t, new Watched(wait));
  const path = simulatedFile(t);
  const [first, second] = [await startWorker(engine, 1, path), await startWorker(engine, 2, path)];
  const twice = await first.client.open({ name: 'mine', path, overrides: {} });
  await first.model.release();
  await twice.release();
  t.same(await second.model.run({ x: rowOf(2) }), resultOf(2));
  t.same(released, []);
  await second.model.release();
  await until(() => released.length === 1);
});

test('a changed file is another model', async (t) => {
  const engine = startEngine(t);
  const path = simulatedFile(t);
  const old = await startWorker(engine, 1, path);
  writeFileSync(path, JSON.stringify({ baseMs: 2, rowMs: 0, type: 'float32', dims: ['batch', 2, 2] }));
  const link = engine.link(2);
  const changed = await new EngineClient([link]).open({ name: 'mine', path, overrides: {} });
  t.same(changed.inputs[0]?.dims, ['batch', 2, 2]);
  t.same(old.model.inputs[0]?.dims, ['batch', 4]);
  t.same(await old.model.run({ x: rowOf(4) }), resultOf(4));
});

test('a missing file, and a model that the device refuses', async (t) => {
  const engine = startEngine(t);
  const client = new EngineClient([engine.link(1)]);
  await t.rejects(client.open({ name: 'mine', path: '/missing.onnx', overrides: {} }), /ENOENT/);
  t.equal(client.isUsed, false);
  await t.rejects(client.open({ name: 'mine', path: import.meta.filename, overrides: {} }), /JSON/);
});
