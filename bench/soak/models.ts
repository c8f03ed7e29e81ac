/** A models folder for the soak: a copy of what ships, so that a file can be taken away, and pipelines whose tools harm their worker. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureModels, shippedModels } from '../../test/support/gateway.ts';
import { pipelineFile, testNode } from '../../test/support/temp-models.ts';

/** The pipeline of the well-behaved cameras. */
export const mainPipeline = 'yolo_ocr';
/** A frame that takes longer than this is answered as timed out. */
export const frameTimeoutMs = 3000;
/** A thread that has not come back so long after that is ended. */
export const stuckMs = 3000;
/** So long a thread is held by what is to time out and come back. */
const blockMs = 5000;
/** A loop without an end, as far as the soak can see. */
const endlessMs = 1e9;

/** Pipelines that harm their worker, by the fixture tool that does it. */
export const failingPipelines = {
  soak_die: testNode('only', 'die'),
  soak_exit: testNode('only', 'exit'),
  soak_exhaust: testNode('only', 'exhaust'),
  soak_block: testNode('only', 'block', { ms: blockMs }),
  soak_spin: testNode('only', 'spin', { ms: blockMs }),
  soak_loop: testNode('only', 'spin', { ms: endlessMs }),
  soak_hang: testNode('only', 'hang'),
} as const;

/** The pipeline of the cameras that are there to be cut: something is nearly always in flight, and it costs no CPU. */
export const slowPipeline = 'soak_slow';
const slowMs = 150;

/** A pipeline with large answers. */
export const bulkyPipeline = 'soak_bulky';
const bulkyBytes = 200_000;

/** The model file of the good pipeline. */
export function detectorPath(modelsDir: string): string {
  return join(modelsDir, 'plate-yolo', 'model.onnx');
}

/** @param folder gets the folder `models`. @returns its path. */
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
