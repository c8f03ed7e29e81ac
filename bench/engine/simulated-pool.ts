/** A pool whose workers decode frames and run a simulated detector in an engine thread. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engines } from '../../src/models/engine/engines.ts';
import { Observers } from '../../src/observe/observer.ts';
import { loadPipelines } from '../../src/pipeline/registry.ts';
import { startLocalPool } from '../../src/pool/local-pool.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { silentLog } from '../../test/support/silent-log.ts';
import type { SimulatedModel } from '../../test/support/simulated-device.ts';

export interface SimulatedPool {
  readonly pool: Pool;
  readonly engines: Engines;
  readonly stop: () => Promise<void>;
}

export const pipelineId = 'simulated';

/** Writes each frame of 640x480 into the engine's memory, as a YOLO model that takes bytes does. */
const detectTool = `export default ({ z }) => ({
  pluginId: 'bench', toolId: 'detect', description: 'Runs the simulated model.',
  inputs: [], outputs: ['y'], failureDetail: 'failed', params: z.strictObject({}),
  async create(_, { models }) {
    const model = await models.load('simulated.onnx');
    const run = async (data) => {
      const x = model.allocate('x', [1, 480, 640, 3]);
      x.data.set(data.subarray(0, x.data.length));
      const { y } = await model.run({ x });
      return { y: [...y.data] };
    };
    return { run: ({ image }) => run(image.data), warm: () => run(new Uint8Array(640 * 480 * 3)) };
  },
});
`;

const frameBytes = 200_000;
const limits = { maxFrameBytes: frameBytes, maxHeldBytes: 64 * frameBytes, maxHeapMegabytes: 512, maxStuckMs: 10_000 };

/** Resolves when all workers are ready. */
export async function startSimulatedPool(workers: number, model: SimulatedModel): Promise<SimulatedPool> {
  const modelsDir = mkdtempSync(join(tmpdir(), 'framegate-bench-'));
  for (const folder of ['pipelines', 'tools']) mkdirSync(join(modelsDir, folder));
  writeFileSync(join(modelsDir, 'tools', 'detect.mjs'), detectTool);
  writeFileSync(join(modelsDir, 'simulated.onnx'), JSON.stringify(model));
  const definition = {
    ...{ id: pipelineId, name: 'Simulated', description: 'A simulated detector.' },
    nodes: [{ id: 'detect', plugin_id: 'bench', tool_id: 'detect' }],
    ...{ edges: [], entry_nodes: ['detect'], output_nodes: ['detect'] },
  };
  writeFileSync(join(modelsDir, 'pipelines', `${pipelineId}.json`), JSON.stringify(definition));
  const engines = await Engines.start({
    ...{ providers: ['simulated'], devices: [], maxRunMs: 5000, maxHeapMegabytes: 512, log: silentLog },
    refused: ({ reason }) => console.error(reason),
    entryUrl: new URL('../../test/support/simulated-engine.ts', import.meta.url),
  });
  if (engines === undefined) throw new Error('the simulated engine has not started');
  const providers: string[] = [];
  const { pool, started } = startLocalPool({
    ...{ ...limits, modelsDir, providers, engines, poolWorkers: workers, maxWaitMs: 1000, frameTimeoutMs: 10_000 },
    ...{ pipelines: await loadPipelines({ modelsDir, providers }), log: silentLog, observer: new Observers() },
  });
  await started;
  const stop = async () => {
    await pool.stop(10_000);
    await engines.stop(1000);
    rmSync(modelsDir, { recursive: true });
  };
  return { pool, engines, stop };
}
