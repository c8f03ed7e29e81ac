/** What the gateway's own pipeline finds in frames, in process, with either reader. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Detection } from '../../src/protocol.ts';
import { openPipeline } from '../open-pipeline.ts';

export type ReaderName = 'pp-ocrv4' | 'plate-reader';

const shippedModels = fileURLToPath(new URL('../../native-models', import.meta.url));
const pipelineId = 'yolo_ocr';
const pipelineFile = join('pipelines', `${pipelineId}.json`);

/** @param reader instead of the one that the pipeline file names. */
export async function readWithGateway(frames: readonly Uint8Array[], reader?: ReaderName): Promise<Detection[][]> {
  if (reader === undefined) return runFrames(frames, shippedModels);
  const folder = mkdtempSync(join(tmpdir(), 'framegate-models-'));
  try {
    copyWithReader(folder, reader);
    return await runFrames(frames, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runFrames(frames: readonly Uint8Array[], modelsDir: string): Promise<Detection[][]> {
  const service = await openPipeline(pipelineId, modelsDir);
  const answers: Detection[][] = [];
  for (const [index, frame] of frames.entries()) {
    const { result } = await service.runOnFrame(pipelineId, index, frame);
    answers.push(result.detections ?? []);
  }
  await service.close();
  return answers;
}

interface PipelineFile {
  readonly nodes: readonly { readonly tool_id: string; readonly params?: Record<string, unknown> }[];
}

/** A models folder with links to the shipped models and the one pipeline, its reader changed. */
function copyWithReader(folder: string, reader: ReaderName): void {
  for (const { name } of readdirSync(shippedModels, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (name !== 'pipelines') symlinkSync(join(shippedModels, name), join(folder, name), 'junction');
  }
  const file = JSON.parse(readFileSync(join(shippedModels, pipelineFile), 'utf8')) as PipelineFile;
  const nodes = file.nodes.map((node) =>
    node.tool_id === 'extract_text' ? { ...node, params: { ...node.params, model: reader } } : node,
  );
  mkdirSync(join(folder, 'pipelines'));
  writeFileSync(join(folder, pipelineFile), JSON.stringify({ ...file, nodes }));
}
