/** An engine in the thread of a test, and workers that are connected to it there. Tests only. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import type { Test } from 'tap';
import type { EngineLink } from '../../src/engine-link.ts';
import type { Device } from '../../src/models/engine/device.ts';
import { Engine } from '../../src/models/engine/engine.ts';
import { EngineClient } from '../../src/models/engine/engine-client.ts';
import { EngineCounters } from '../../src/models/engine/engine-counters.ts';
import type { EngineNotice } from '../../src/models/engine/engine-models.ts';
import type { InputTensor, OwnedModel } from '../../src/models/model.ts';
import { SimulatedDevice, type SimulatedModel, wait } from './simulated-device.ts';

export class EngineHarness<TestedDevice extends Device = SimulatedDevice> {
  readonly device: TestedDevice;
  readonly counters = new EngineCounters();
  readonly notices: EngineNotice[] = [];
  readonly engine: Engine;
  readonly #test: Test;
  readonly #number: number;

  constructor(t: Test, device: TestedDevice, number = 0) {
    this.#test = t;
    this.#number = number;
    this.device = device;
    this.engine = new Engine({ device, counters: this.counters, notify: (notice) => this.notices.push(notice) });
  }

  /** Connects a worker. @param owner above 0, and different for each. */
  link(owner: number): EngineLink {
    const { port1, port2 } = new MessageChannel();
    this.engine.connect(owner, port1);
    this.#test.teardown(() => port2.close());
    return { engine: this.#number, owner, port: port2, load: this.counters.memory };
  }
}

/** An engine whose runs let other events of the thread pass. */
export function startEngine(t: Test, number = 0): EngineHarness {
  return new EngineHarness(t, new SimulatedDevice(wait, number), number);
}

/** The file of a simulated model with four values per row; by default it takes 1 ms and has a free batch dimension. */
export function simulatedFile(t: Test, model: Partial<SimulatedModel> = {}, name = 'model.json'): string {
  const folder = existsSync(t.testdirName) ? t.testdirName : t.testdir({});
  const path = join(folder, name);
  const defaults: SimulatedModel = { baseMs: 1, rowMs: 0, type: 'float32', dims: ['batch', 4] };
  writeFileSync(path, JSON.stringify({ ...defaults, ...model }));
  return path;
}

/** Opens a model, and runs it once so that its memory is there. @param path without it, that of a new file. */
export async function openWarm(client: EngineClient, path: string, overrides = {}): Promise<OwnedModel> {
  const model = await client.open({ name: 'mine', path, overrides });
  await model.run({ x: rowOf(1) });
  return model;
}

/** A worker with one model that is warm. */
export async function startWorker(engine: EngineHarness, owner: number, path: string, overrides = {}) {
  const link = engine.link(owner);
  const client = new EngineClient([link]);
  return { link, client, model: await openWarm(client, path, overrides) };
}

/** Workers with the same model, warm, and an engine that has run nothing else. */
export async function startWorkers(t: Test, count: number, model = {}, overrides = {}) {
  const engine = startEngine(t);
  const path = simulatedFile(t, model);
  const workers = [];
  for (let owner = 1; owner <= count; owner++) workers.push(await startWorker(engine, owner, path, overrides));
  engine.device.batches.length = 0;
  return { engine, path, workers, models: workers.map((worker) => worker.model) };
}

/** Whether every row that was submitted has been answered. */
export function isIdle(engine: EngineHarness): boolean {
  return engine.counters.load === 0;
}

/** A worker whose model has not run yet. */
export async function startCold(engine: EngineHarness, owner: number, path: string) {
  const client = new EngineClient([engine.link(owner)]);
  return { client, model: await client.open({ name: 'mine', path, overrides: {} }) };
}

/** Waits until engines have run every batch size, and the workers know. */
export async function allWarm(engines: readonly EngineHarness[]): Promise<void> {
  while (engines.some(({ device }) => !device.batches.includes(8))) await sleep(1);
  await sleep(10);
}

/** Two engines, and a worker that is connected with both. */
export async function startPair(t: Test, model: Partial<SimulatedModel> = {}) {
  const engines = [startEngine(t, 0), startEngine(t, 1)] as const;
  const client = new EngineClient(engines.map((engine) => engine.link(2)));
  const path = simulatedFile(t, model);
  const warm = await openWarm(client, path);
  await allWarm(engines);
  for (const { device } of engines) device.batches.length = 0;
  return { engines, client, path, model: warm };
}

/** An input of one row, `[1, 4]`. */
export function rowOf(first: number, last = 0): InputTensor {
  return { data: Float32Array.of(first, 0, 0, last), dims: [1, 4] };
}

/** What a simulated model returns for it. */
export function resultOf(first: number, last = 0): { readonly y: InputTensor } {
  return { y: { data: Float32Array.of(first, first + last), dims: [1, 2] } };
}
