/** `framegate models batch`: writes a copy of a model whose batch dimension is free, and checks it. Main thread of the command line. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { parseImageSize, readOnnxHeader } from '../models/metadata.ts';
import type { OwnedModel } from '../models/model.ts';
import { freeBatch, readBatch, withMeasuredOutputs } from '../models/onnx-file/free-batch.ts';
import { type Graph, readGraph, usesHalves } from '../models/onnx-file/graph.ts';
import { requireFile } from '../models/text-file.ts';
import { compareBatches, halfTolerance, type ImageInputs, runSingly, testImages, tolerance } from './batch-check.ts';
import { printable, printableLine } from './printable.ts';

export interface BatchFlags {
  readonly output?: string;
  readonly force?: boolean;
}

/** The largest protobuf message. Larger models have their weights in files beside it. */
const maxModelBytes = 2_147_483_647;

const advice = 'export the model again with a dynamic batch (Ultralytics: dynamic=True)';

/**
 * Writes nothing unless every row of the new model's outputs equals the original's. Exits with 1 if the batch cannot be made free.
 * @throws ConfigError when the file is not a model, or the output cannot be written there.
 */
export async function batchModel(file: string, flags: BatchFlags): Promise<void> {
  const path = resolve(file);
  const output = flags.output === undefined ? path.replace(/(\.onnx)?$/, '-batch.onnx') : resolve(flags.output);
  const graph = readModel(path);
  const batch = readBatch(graph);
  if (typeof batch !== 'string') return refuse(file, batch.blocked);
  if (batch === 'fixed') requireOutput(path, output, graph, flags.force === true);
  const temporary = join(dirname(output), `.${basename(output)}.${process.pid}.onnx`);
  try {
    if (batch === 'free') await checkFree(file, path, graph);
    else await rewriteModel({ file, path, output, temporary }, graph);
  } catch (error) {
    throw new ConfigError([`${file}: ${printableLine(messageOf(error))}`], { cause: error });
  } finally {
    rmSync(temporary, { force: true });
  }
}

function readModel(path: string): Graph {
  try {
    const { size } = requireFile(path);
    if (size > maxModelBytes) throw new Error(`has ${size} bytes; ONNX files have at most ${maxModelBytes}`);
  } catch (error) {
    throw new ConfigError([`model file ${path} ${messageOf(error)}`], { cause: error });
  }
  try {
    return readGraph(readFileSync(path));
  } catch (error) {
    throw new ConfigError([`${path} is not an ONNX model, or it is damaged: ${messageOf(error)}`], { cause: error });
  }
}

function requireOutput(path: string, output: string, graph: Graph, isForced: boolean): void {
  if (existsSync(output) && !isForced) throw new ConfigError([`${output} exists; --force overwrites it`]);
  if (!existsSync(dirname(output))) throw new ConfigError([`folder ${dirname(output)} does not exist`]);
  if (graph.hasExternalData && dirname(output) !== dirname(path)) {
    throw new ConfigError([`the weights of ${path} are in files beside it; write the output to the same folder`]);
  }
}

interface Paths {
  /** As the user named it. */
  readonly file: string;
  readonly path: string;
  readonly output: string;
  /** Beside the output, so that it finds the weights there and can be renamed. */
  readonly temporary: string;
}

async function rewriteModel({ file, path, output, temporary }: Paths, graph: Graph): Promise<void> {
  writeFileSync(temporary, withMeasuredOutputs(graph));
  const { images, shapes } = await withModel(temporary, async (model) => {
    const made = await imagesFor(path, model);
    const [outputs = {}] = await runSingly(model, made.slice(0, 1));
    return { images: made, shapes: new Map(Object.entries(outputs).map(([name, { dims }]) => [name, dims])) };
  });
  const written = freeBatch(graph, shapes);
  if ('blocked' in written) return refuse(file, written.blocked);
  const expected = await withModel(path, (model) => runSingly(model, images));
  writeFileSync(temporary, written);
  const issue = await withModel(temporary, (model) => compareBatches(model, images, expected, limitOf(graph))).catch(
    messageOf,
  );
  if (issue !== undefined) return refuse(file, issue);
  renameSync(temporary, output);
  print(`${output}: the batch is free; batches of 1, 2, and 3 images give the same results as the original`);
}

/** A file may declare what its graph does not do. */
async function checkFree(file: string, path: string, graph: Graph): Promise<void> {
  const issue = await withModel(path, async (model) => {
    const images = await imagesFor(path, model);
    return await compareBatches(model, images, await runSingly(model, images), limitOf(graph));
  }).catch(messageOf);
  if (issue === undefined) print(`${file}: the batch is free already; nothing to do`);
  else refuse(file, `its batch is declared as free, but ${issue}`);
}

function limitOf(graph: Graph): number {
  return usesHalves(graph) ? halfTolerance : tolerance;
}

async function imagesFor(path: string, model: OwnedModel): Promise<ImageInputs> {
  const { metadata } = await readOnnxHeader(path);
  return testImages(model.inputs, parseImageSize(metadata['imgsz']));
}

async function withModel<T>(path: string, use: (model: OwnedModel) => Promise<T>): Promise<T> {
  const { loadModel } = await import('../models/onnx-model.ts');
  const model = await loadModel({ name: basename(path), path, providers: ['cpu'] });
  try {
    return await use(model);
  } finally {
    await model.release();
  }
}

function refuse(file: string, reason: string): void {
  process.exitCode = 1;
  process.stderr.write(
    `framegate: ${printable(file)}: the batch cannot be made free: ${printableLine(reason)}; ${advice}\n`,
  );
}

function print(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
