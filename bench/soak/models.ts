/** A models folder for the soak: a copy of the included models, whose files can be removed, and pipelines whose tools make their worker fail. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureModels, shippedModels } from '../../test/support/gateway.ts';
import { pipelineFile, testNode } from '../../test/support/temp-models.ts';

/** The pipeline of the well-behaved cameras. */
export const mainPipeline = 'yolo_ocr';
/** `STREAM_FRAME_TIMEOUT_MS` of the gateways. */
export const frameTimeoutMs = 3000;
/** `POOL_STUCK_MS` of the gateways. */
export const stuckMs = 3000;
/** How long a blocking tool blocks its thread: it times out and then returns. */
const blockMs = 5000;
/** Duration of a loop that is practically endless. */
const endlessMs = 1e9;

/** Pipelines that make their worker fail, with their fixture tools. */
export const failingPipelines = {
  soak_die: testNode('only', 'die'),
  soak_exit: testNode('only', 'exit'),
  soak_exhaust: testNode('only', 'exhaust'),
  soak_block: testNode('only', 'block', { ms: blockMs }),
  soak_spin: testNode('only', 'spin', { ms: blockMs }),
  soak_loop: testNode('only', 'spin', { ms: endlessMs }),
  soak_hang: testNode('only', 'hang'),
} as const;

/** The pipeline of the second gateway's cameras: a frame is nearly always in flight, at no CPU cost. */
export const slowPipeline = 'soak_slow';
const slowMs = 150;

/** A pipeline with large results. */
export const bulkyPipeline = 'soak_bulky';
const bulkyBytes = 200_000;

/** The model file of the main pipeline. */
export function detectorPath(modelsDir: string): string {
  return join(modelsDir, 'plate-yolo', 'model.onnx');
}

/** Writes the folder `models` into `folder`. @returns its path. */
export function writeSoakModels(folder: string): string {
  const modelsDir = join(folder, 'models');
  mkdirSync(join(modelsDir, 'pipelines'), { recursive: true });
  for (const model of ['plate-yolo', 'plate-reader'])
    cpSync(join(shippedModels, model), join(modelsDir, model), { recursive: true });
  cpSync(join(fixtureModels, 'tools'), join(modelsDir, 'tools'), { recursive: true });
  const write = (id: string, text: string) => writeFileSync(join(modelsDir, 'pipelines', `${id}.json`), text);
  cpSync(
    join(shippedModels, 'pipelines', `${mainPipeline}.json`),
    join(modelsDir, 'pipelines', `${mainPipeline}.json`),
  );
  const bulky = testNode('only', 'blob', { bytes: bulkyBytes });
  const slow = testNode('only', 'sleep', { ms: slowMs });
  for (const [id, node] of Object.entries({ ...failingPipelines, [bulkyPipeline]: bulky, [slowPipeline]: slow }))
    write(id, JSON.stringify(pipelineFile({ id, nodes: [node] })));
  return modelsDir;
}
