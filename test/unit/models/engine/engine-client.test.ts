/** A worker's engines come and go, and its models run where they can. */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
import type { InputTensor } from '../../../../src/models/model.ts';
import {
  allWarm,
  EngineHarness,
  openWarm,
  resultOf,
  rowOf,
  simulatedFile,
  startCold,
  startEngine,
  startPair,
  startWorker,
} from '../../../support/engine-harness.ts';
import { SimulatedDevice, wait } from '../../../support/simulated-device.ts';
import { until } from '../../../support/started-pool.ts';

function isShared({ data }: InputTensor): boolean {
  return data.buffer instanceof SharedArrayBuffer;
}

function batchesOf(engines: readonly EngineHarness[]): number[][] {
  return engines.map(({ device }) => device.batches);
}

test('uses the engine with less load', async (t) => {
  const { engines, model } = await startPair(t, { baseMs: 20 });
  engines[0].counters.submitted(1);
  t.same(await model.run({ x: rowOf(1) }), resultOf(1));
  engines[0].counters.answered(1);
  engines[1].counters.submitted(1);
  t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  t.same(batchesOf(engines), [[1], [1]]);
});

test('workers prefer different engines, since they may choose at the same time', async (t) => {
  const engines = [startEngine(t, 0), startEngine(t, 1)] as const;
  const path = simulatedFile(t);
  const models = [];
  for (const owner of [1, 2, 3, 4])
    models.push(await openWarm(new EngineClient(engines.map((engine) => engine.link(owner))), path));
  await allWarm(engines);
  for (const { device } of engines) device.batches.length = 0;
  const inputs = models.map((model) => model.allocate('x', [1, 4]));
  await Promise.all(models.map((model, at) => model.run({ x: inputs[at] as InputTensor })));
  t.same(
    batchesOf(engines).map((batches) => batches.reduce((sum, rows) => sum + rows, 0)),
    [2, 2],
  );
});

test('a new shape is made ready in all engines', async (t) => {
  const { engines, model } = await startPair(t, { dims: ['batch', 'size'] });
  const before = batchesOf(engines).map(({ length }) => length);
  await model.run({ x: { data: Float32Array.of(1, 2), dims: [1, 2] } });
  await until(() => batchesOf(engines).every(({ length }, index) => length > (before[index] ?? 0)));
  t.pass('the model has run in both');
});

test('an engine that takes long to make a shape ready keeps no frame waiting', async (t) => {
  const slow = new EngineHarness(t, new SimulatedDevice(() => new Promise(() => undefined)), 0);
  const fast = startEngine(t, 1);
  const path = simulatedFile(t);
  const open = (owner: number) =>
    new EngineClient([slow.link(owner), fast.link(owner)]).open({ name: 'mine', path, overrides: {} });
  // Whichever they would prefer. Both before the first run, since an engine does one thing at a time.
  for (const model of [await open(1), await open(2)]) {
    t.same(await model.run({ x: rowOf(1) }), resultOf(1));
    t.ok(isShared(model.allocate('x', [1, 4])));
    t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  }
});

test('if an engine is lost, its runs fail, and the other one takes over', async (t) => {
  const { engines, client, model } = await startPair(t, { baseMs: 20 });
  engines[1].counters.submitted(1);
  const pending = model.run({ x: rowOf(1) });
  await until(() => engines[0].counters.currentRun !== 0);
  client.lose(0);
  await t.rejects(pending, { name: 'EngineLostError' });
  t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  client.lose(1);
  await t.rejects(model.run({ x: rowOf(3) }), { name: 'EngineLostError' });
  t.notOk(isShared(model.allocate('x', [1, 4])));
  await t.rejects(client.open({ name: 'mine', path: '/x', overrides: {} }), { name: 'EngineLostError' });
});

test('an engine whose channel closes is lost', async (t) => {
  const engine = startEngine(t);
  const { model, link } = await startWorker(engine, 1, simulatedFile(t, { baseMs: 20 }));
  const pending = model.run({ x: rowOf(1) });
  link.port.close();
  await t.rejects(pending, { name: 'EngineLostError' });
});

test('whoever waits for a row of a lost engine is told', async (t) => {
  const engine = startEngine(t);
  const path = simulatedFile(t);
  for (const owner of [1, 2]) (await startWorker(engine, owner, path)).model.allocate('x', [8, 4]);
  const { model, client } = await startCold(engine, 3, path);
  const waiting = model.run({ x: rowOf(1) });
  // Long enough for it to find no row.
  await sleep(20);
  client.lose(0);
  await t.rejects(waiting, { name: 'EngineLostError' });
});

test('a replaced engine gets all models, ready for the shapes in use', async (t) => {
  const { engines, client, path, model } = await startPair(t);
  const second = await openWarm(client, simulatedFile(t, {}, 'second.json'));
  client.lose(0);
  client.lose(1);
  const replaced = startEngine(t, 0);
  t.equal(await client.link(replaced.link(2)), true);
  t.ok(replaced.device.batches.includes(8), 'every batch size has run');
  t.ok(isShared(model.allocate('x', [1, 4])));
  t.same(await model.run({ x: rowOf(1) }), resultOf(1));
  t.same(await second.run({ x: rowOf(2) }), resultOf(2));
  t.equal(engines.length, 2);
  const later = await openWarm(client, path);
  t.same(await later.run({ x: rowOf(3) }), resultOf(3));
});

test('an engine that is lost while it is linked is none', async (t) => {
  const { client, model } = await startPair(t);
  client.lose(0);
  client.lose(1);
  const linking = client.link(startEngine(t, 0).link(2));
  client.lose(0);
  t.equal(await linking, false);
  await t.rejects(model.run({ x: rowOf(1) }), { name: 'EngineLostError' });
  t.equal(await client.link(startEngine(t, 0).link(2)), true);
  t.same(await model.run({ x: rowOf(1) }), resultOf(1));
});

test('a model that is opened while an engine is linked is in it', async (t) => {
  const { client } = await startPair(t);
  const replaced = startEngine(t, 0);
  client.lose(0);
  const path = simulatedFile(t, {}, 'late.json');
  const [late] = await Promise.all([client.open({ name: 'late', path, overrides: {} }), client.link(replaced.link(2))]);
  client.lose(1);
  t.same(await late.run({ x: rowOf(1) }), resultOf(1));
});

test('an engine that is lost while a model is opened does not matter to the others', async (t) => {
  const engines = [startEngine(t, 0), startEngine(t, 1)] as const;
  const client = new EngineClient(engines.map((engine) => engine.link(1)));
  const opening = client.open({ name: 'mine', path: simulatedFile(t), overrides: {} });
  client.lose(0);
  t.same(await (await opening).run({ x: rowOf(1) }), resultOf(1));
});

test('a model that one engine refuses stays in none', async (t) => {
  const released: string[] = [];
  class Refusing extends SimulatedDevice {
    override async load(): Promise<never> {
      throw new Error('no kernel');
    }
  }
  class Watched extends SimulatedDevice {
    override async load(name: string, path: string) {
      return { ...(await super.load(name, path)), release: async () => void released.push(name) };
    }
  }
  const engines = [new EngineHarness(t, new Watched(wait), 0), new EngineHarness(t, new Refusing(wait), 1)] as const;
  const client = new EngineClient(engines.map((engine) => engine.link(1)));
  await t.rejects(client.open({ name: 'mine', path: simulatedFile(t), overrides: {} }), /no kernel/);
  await until(() => released.length === 1);
  t.equal(client.isUsed, false);
});

test('a file that has changed is not opened for tools that know the old one', async (t) => {
  const { client, path } = await startPair(t);
  client.lose(0);
  writeFileSync(path, JSON.stringify({ baseMs: 1, rowMs: 0, type: 'float32', dims: ['batch', 9] }));
  await t.rejects(client.link(startEngine(t, 0).link(2)), /has changed since it was loaded/);
});
