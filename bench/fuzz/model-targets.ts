/** Fuzz targets for model files: each is loaded, warmed up and run as in a worker, or examined as in `framegate models inspect`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineModel } from '../../src/cli/model-report.ts';
import { describeClasses, jsonOfReport } from '../../src/cli/model-text.ts';
import { ConfigError, FrameError } from '../../src/errors.ts';
import { findModel } from '../../src/models/model-files.ts';
import { checkPipelines } from '../../src/pipeline/registry.ts';
import { VideoFilePipelineService } from '../../src/pipeline/video-file-pipeline-service.ts';
import { makeFrame } from './corpus.ts';
import { damage } from './damage.ts';
import { readBases } from './jpeg-cases.ts';
import { makeJson } from './json-cases.ts';
import { makeOnnx } from './onnx-cases.ts';
import { peakOf } from './peak-memory.ts';
import { below, type CreateTarget } from './target.ts';

/** More than any seed model needs with the largest input. */
const maxPeakBytes = 1_073_741_824;
/** Maximum length of a line shown to an operator. */
const maxLineLength = 600;
/** Error messages of ONNX Runtime and V8 when memory is exhausted. */
const outOfMemory = /bad_alloc|allocation failed|out of memory|failed to allocate/i;

const cpu = ['cpu'];

/** A models folder with one model, `m`, which is rewritten for each case. */
class ModelFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'framegate-fuzz-model-'));

  constructor() {
    mkdirSync(join(this.path, 'm'));
    process.once('exit', () => rmSync(this.path, { recursive: true, force: true }));
  }

  write(name: 'model.onnx' | 'model.json', bytes: Uint8Array): void {
    writeFileSync(join(this.path, 'm', name), bytes);
  }

  get files() {
    const files = findModel(this.path, 'm');
    if ('issue' in files) throw new ConfigError([files.issue]);
    return files;
  }
}

const tools = {
  detector: { plugin_id: 'yolo', tool_id: 'detect_objects' },
  recognizer: { plugin_id: 'ocr', tool_id: 'extract_text' },
} as const;

function pipelineOf(tool: keyof typeof tools): { path: string; text: string } {
  const node = { id: 'n', ...tools[tool], params: { model: 'm' } };
  const file = {
    id: 'p',
    name: 'p',
    description: '',
    nodes: [node],
    edges: [],
    entry_nodes: ['n'],
    output_nodes: ['n'],
  };
  return { path: '/p.json', text: JSON.stringify(file) };
}

const frame = makeFrame();

/** Loads the model, runs one frame and releases the model, as a worker does. */
async function serve(folder: ModelFolder, tool: keyof typeof tools): Promise<string> {
  const context = { modelsDir: folder.path, providers: cpu };
  const service = await VideoFilePipelineService.create(await checkPipelines([pipelineOf(tool)], context), context);
  try {
    JSON.parse(JSON.stringify(await service.runOnFrame('p', 0, frame)));
    return `${tool} ran`;
  } catch (error) {
    if (!(error instanceof FrameError) || error.code !== 'pipeline_failure') throw error;
    return `${tool} failed`;
  } finally {
    await service.close();
  }
}

async function examine(folder: ModelFolder): Promise<string> {
  const report = await examineModel('m', folder.files, cpu);
  JSON.stringify(jsonOfReport(report));
  if ('issue' in report.plan) return 'examined';
  describeClasses(report.plan);
  return `examined a model to ${report.plan.task}`;
}

/** Checks that an error is usable for an operator, as shown in the log and on the command line. */
function outcomeOfError(error: unknown): string {
  if (!(error instanceof Error)) throw new Error(`not an Error: ${String(error)}`);
  if (outOfMemory.test(error.message)) throw error;
  const [line = ''] = new ConfigError([error.message]).issues;
  if (line.length > maxLineLength || /\p{C}/u.test(line))
    throw new Error(`invalid error line: ${JSON.stringify(line)}`);
  if (line.trim() === '') throw new Error('error without a message');
  return 'rejected';
}

async function outcomeOf(run: () => Promise<string>): Promise<string> {
  const peak = await peakOf(() => run().catch(outcomeOfError));
  if (peak.bytes > maxPeakBytes) throw new Error(`used ${Math.round(peak.bytes / 1e6)} MB (${peak.value})`);
  return peak.value;
}

/** Chooses one of three uses by the file's length, so that a case is reproducible. */
function runModel(folder: ModelFolder, length: number): Promise<string> {
  const way = length % 3;
  return outcomeOf(() => (way === 0 ? examine(folder) : serve(folder, way === 1 ? 'detector' : 'recognizer')));
}

/** Fuzzes `model.onnx`. */
export const createModel: CreateTarget = (corpus) => {
  const bases = readBases(corpus);
  const folder = new ModelFolder();
  return {
    make: (random) => makeOnnx(random, bases),
    run({ bytes }) {
      folder.write('model.onnx', bytes);
      return runModel(folder, bytes.length);
    },
  };
};

/** A detector with a fixed input size that runs with most overrides. */
const overriddenModel = 'onnx-boxes.onnx';

/** Fuzzes `model.json` next to a valid model. */
export const createOverrides: CreateTarget = (corpus) => {
  const folder = new ModelFolder();
  folder.write('model.onnx', readFileSync(join(corpus, overriddenModel)));
  const fallback = {
    ...{ description: 'x', names: ['a', 'b'], score_threshold: 0.4, iou_threshold: 0.5, output_format: 'ultralytics' },
    ...{ imgsz: [64, 64], normalization: { mean: [0, 0, 0], std: [1, 1, 1] }, channel_order: 'bgr' },
    letterbox: 'center',
  };
  return {
    make(random) {
      const made = makeJson(random, fallback);
      return below(random, 4) === 0 ? damage(random, made.bytes) : made;
    },
    run({ bytes }) {
      folder.write('model.json', bytes);
      return outcomeOf(() => serve(folder, 'detector'));
    },
  };
};
