/** Runs the gateway's own pipeline in process, with either recognizer. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Detection } from '../../src/protocol.ts';
import { openPipeline } from '../open-pipeline.ts';

export type RecognizerName = 'pp-ocrv4' | 'plate-reader';

const shippedModels = fileURLToPath(new URL('../../native-models', import.meta.url));
const pipelineId = 'yolo_ocr';
const pipelineFile = join('pipelines', `${pipelineId}.json`);

/** @param recognizer overrides the one in the pipeline file. */
export async function runGateway(frames: readonly Uint8Array[], recognizer?: RecognizerName): Promise<Detection[][]> {
  if (recognizer === undefined) return runFrames(frames, shippedModels);
  const folder = mkdtempSync(join(tmpdir(), 'framegate-models-'));
  try {
    copyWithRecognizer(folder, recognizer);
    return await runFrames(frames, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runFrames(frames: readonly Uint8Array[], modelsDir: string): Promise<Detection[][]> {
  const service = await openPipeline(pipelineId, modelsDir);
  const results: Detection[][] = [];
  for (const [index, frame] of frames.entries()) {
    const { result } = await service.runOnFrame(pipelineId, index, frame);
    results.push(result.detections ?? []);
  }
  await service.close();
  return results;
}

interface PipelineFile {
  readonly nodes: readonly { readonly tool_id: string; readonly params?: Record<string, unknown> }[];
}

/** Creates a models folder with links to the shipped models and the pipeline with another recognizer. */
function copyWithRecognizer(folder: string, recognizer: RecognizerName): void {
  for (const { name } of readdirSync(shippedModels, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (name !== 'pipelines') symlinkSync(join(shippedModels, name), join(folder, name), 'junction');
  }
  const file = JSON.parse(readFileSync(join(shippedModels, pipelineFile), 'utf8')) as PipelineFile;
  const nodes = file.nodes.map((node) =>
    node.tool_id === 'extract_text' ? { ...node, params: { ...node.params, model: recognizer } } : node,
  );
  mkdirSync(join(folder, 'pipelines'));
  writeFileSync(join(folder, pipelineFile), JSON.stringify({ ...file, nodes }));
}
