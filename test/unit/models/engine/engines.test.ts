/** Engine threads are started, connected with workers, and replaced when they end or hang. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import type { EngineLink } from '../../../../src/engine-link.ts';
import { EngineClient } from '../../../../src/models/engine/engine-client.ts';
import { Engines, type EnginesOptions } from '../../../../src/models/engine/engines.ts';
import { openWarm, resultOf, rowOf, simulatedFile } from '../../../support/engine-harness.ts';
import type { EngineFaults } from '../../../support/faulty-engine.ts';
import { faults } from '../../../support/simulated-device.ts';
import { KeptLog, until } from '../../../support/started-pool.ts';

const simulated = new URL('../../../support/simulated-engine.ts', import.meta.url);

/** The entry of engines that hang for a time, and cannot open their device at one start. */
function faulty(t: Test, failed = 0): URL {
  const faultsOfThread: EngineFaults = { attempts: join(t.testdir({}), 'attempts'), failed };
  process.env['FRAMEGATE_TEST_FAULTS'] = JSON.stringify(faultsOfThread);
  return new URL('../../../support/faulty-engine.ts', import.meta.url);
}

/** Engines of simulated devices. @returns them with their log and refusals. */
async function startEngines(options: Partial<EnginesOptions> = {}) {
  const kept = new KeptLog();
  const refusals: string[] = [];
  const engines = await Engines.start({
    ...{
      providers: ['simulated'],
      devices: [],
      maxRunMs: 300,
      maxHeapMegabytes: 64,
      log: kept.log,
      entryUrl: simulated,
    },
    refused: ({ provider, reason }) => refusals.push(`${provider}: ${reason}`),
    ...options,
  });
  return { engines, kept, refusals };
}

/** Without those of models that are loaded. */
function linesOf({ lines }: KeptLog): string[] {
  return lines.filter((line) => line !== 'engine_loading' && line !== 'engine_loaded');
}

type Started = NonNullable<Awaited<ReturnType<typeof Engines.start>>>;

/** A worker in this thread, with a warm model. */
async function connect(t: Test, engines: Started, path = simulatedFile(t)) {
  const linked: EngineLink[] = [];
  const lost: number[] = [];
  let client: EngineClient | undefined;
  const { links, detach } = engines.attach({
    link: (link) => {
      void client?.link(link).then(() => linked.push(link));
    },
    lost: (engine) => {
      lost.push(engine);
      client?.lose(engine);
    },
  });
  client = new EngineClient(links);
  t.teardown(() => {
    for (const { port } of [...links, ...linked]) port.close();
    detach();
  });
  return { client, links, linked, lost, model: await openWarm(client, path) };
}

test('runs models in a thread per device', async (t) => {
  const { engines, refusals } = await startEngines({ devices: [3, 5] });
  if (engines === undefined) throw new Error('no engine');
  const { model, links } = await connect(t, engines);
  t.same(await model.run({ x: rowOf(1, 2) }), resultOf(1, 2));
  t.same(
    links.map(({ engine, owner }) => [engine, owner]),
    [
      [0, 1],
      [1, 1],
    ],
  );
  t.match(engines.status(), [
    { engine: 0, device: 3, state: 'ready', providers: ['simulated'] },
    { engine: 1, device: 5, state: 'ready', providers: ['simulated'] },
  ]);
  t.equal(
    engines.status().reduce((sum, { rows }) => sum + rows, 0),
    2,
  );
  t.same(refusals, []);
  t.equal(await engines.stop(10_000), true);
});

test('providers that cannot be used are told once, and without one there is no engine', async (t) => {
  const { engines, refusals } = await startEngines({
    providers: ['migraphx'],
    devices: [0, 1],
    entryUrl: new URL('../../../../src/models/engine/entry.ts', import.meta.url),
  });
  t.equal(engines, undefined);
  t.match(refusals, [/^migraphx: /]);
  t.equal(refusals.length, 1);
});

test('a thread that ends while it starts is no engine', async (t) => {
  const { engines, refusals } = await startEngines({ entryUrl: new URL('./missing.ts', import.meta.url) });
  t.equal(engines, undefined);
  t.match(refusals, [/^simulated: Cannot find module/]);
});

test('an engine that exits is replaced, and its workers go on', async (t) => {
  const { engines, kept } = await startEngines();
  if (engines === undefined) throw new Error('no engine');
  const { client, model, linked, lost } = await connect(t, engines);
  await t.rejects(model.run({ x: rowOf(faults.exit) }), { name: 'EngineLostError' });
  await until(() => linked.length === 1);
  t.same(lost, [0]);
  t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  t.same(linesOf(kept), ['engine_lost', 'engine_ready']);
  t.equal(client.isUsed, true);
  t.equal(await engines.stop(10_000), true);
});

test('an engine that spins is terminated', async (t) => {
  const { engines, kept } = await startEngines();
  if (engines === undefined) throw new Error('no engine');
  const { model, linked } = await connect(t, engines);
  await t.rejects(model.run({ x: rowOf(faults.spin) }), { name: 'EngineLostError' });
  await until(() => linked.length === 1);
  t.match(kept.fieldsOf('engine_lost'), [{ reason: /a run has lasted longer than 300 ms/ }]);
  t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  t.equal(await engines.stop(10_000), true, 'nothing is left behind');
});

test('an engine whose device cannot be opened again is not served, and tried again', async (t) => {
  const { engines, kept } = await startEngines({ entryUrl: faulty(t, 2) });
  if (engines === undefined) throw new Error('no engine');
  const { model, linked } = await connect(t, engines);
  await t.rejects(model.run({ x: rowOf(faults.exit) }), { name: 'EngineLostError' });
  await until(() => linked.length === 1);
  t.match(kept.fieldsOf('engine_lost'), [{}, { reason: 'simulated: device lost' }]);
  t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  t.equal(await engines.stop(10_000), true);
});

test('a hung engine is left behind, and ended when it returns', async (t) => {
  const { engines } = await startEngines({ entryUrl: faulty(t) });
  if (engines === undefined) throw new Error('no engine');
  const { model, linked } = await connect(t, engines);
  await t.rejects(model.run({ x: rowOf(1500) }), { name: 'EngineLostError' });
  await until(() => linked.length === 1);
  t.same(await model.run({ x: rowOf(2) }), resultOf(2));
  t.equal(await engines.stop(10_000), true, 'its thread has ended, too');
});

test('stop does not wait for an engine that hangs, and two are left behind at most', async (t) => {
  const { engines, kept } = await startEngines({ maxRunMs: 100, entryUrl: faulty(t) });
  if (engines === undefined) throw new Error('no engine');
  const { model, linked, lost } = await connect(t, engines);
  for (const count of [1, 2]) {
    await t.rejects(model.run({ x: rowOf(5000) }), { name: 'EngineLostError' });
    t.equal(lost.length, count);
    if (count === 1) await until(() => linked.length === 1);
  }
  await sleep(700);
  t.match(engines.status(), [{ state: 'lost' }]);
  t.same(linesOf(kept), ['engine_lost', 'engine_ready', 'engine_lost']);
  t.equal(await engines.stop(100), false);
});
