/** A pool whose workers run a simulated model in engine threads. Tests only. */
import type { Test } from 'tap';
import { Engines } from '../../src/models/engine/engines.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { faults, type SimulatedModel } from './simulated-device.ts';
import { KeptLog, startPool } from './started-pool.ts';
import { makeModelsDir, testNode } from './temp-models.ts';

/** Runs the model on a row whose first value is a param, and returns what the device makes of it. */
const rowTool = `
  outputs: ['y'],
  params: z.strictObject({ first: z.number() }),
  async create({ first }, { models }) {
    const model = await models.load('simulated.onnx');
    const run = async ({ image }, value = first) => {
      const x = model.allocate('x', [1, 64]);
      x.data.fill(image.width);
      x.data[0] = value;
      const { y } = await model.run({ x });
      return { y: [...y.data] };
    };
    return { run: (ports) => run(ports), warm: () => run({ image: { width: 1 } }, 0) };
  },`;

export interface EnginePoolOptions {
  readonly workers: number;
  readonly devices?: readonly number[];
  readonly model?: Partial<SimulatedModel>;
  readonly maxRunMs?: number;
}

export interface EnginePool {
  readonly pool: Pool;
  readonly engines: Engines;
  readonly log: KeptLog;
}

/** Pipelines: `row` works, and one per fault of the device. Resolves when all workers are ready. */
export async function startEnginePool(t: Test, options: EnginePoolOptions): Promise<EnginePool> {
  const { workers, devices = [], maxRunMs = 5000, model = {} } = options;
  const file: SimulatedModel = { baseMs: 5, rowMs: 1, type: 'uint8', dims: ['batch', 64], ...model };
  const pipelines = Object.entries({ row: 7, ...faults }).map(([id, first]) => ({
    ...{ id, nodes: [testNode('row', 'row', { first })] },
  }));
  const modelsDir = makeModelsDir(t, {
    ...{ pipelines, tools: { row: rowTool }, files: { 'simulated.onnx': JSON.stringify(file) } },
  });
  const log = new KeptLog();
  const engines = await Engines.start({
    ...{ providers: ['simulated'], devices, maxRunMs, maxHeapMegabytes: 128, log: log.log },
    refused: ({ reason }) => t.fail(reason),
    entryUrl: new URL('./simulated-engine.ts', import.meta.url),
  });
  if (engines === undefined) throw new Error('no engine has started');
  t.teardown(() => engines.stop(500));
  const { pool, started } = await startPool(t, {
    ...{ modelsDir, providers: [], engines, poolWorkers: workers, log: log.log, maxWaitMs: 0 },
  });
  await started;
  return { pool, engines, log };
}
