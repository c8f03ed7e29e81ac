/** `framegate models inspect`: prints details of one model file and a pipeline that uses it. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { configOfProcess } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { findModel } from '../models/model-files.ts';
import { type Task, toolOfTask } from '../models/yolo/task.ts';
import { examineModel, type ModelReport } from './model-report.ts';
import { describeClasses, describeInput, describeShape, jsonOfReport } from './model-text.ts';
import { type ModelsFlags, nameOf } from './models.ts';
import { cut, printable } from './printable.ts';
import { warn } from './warn.ts';

/** @throws ConfigError when the file is missing or not a model. */
export async function inspectModel(file: string, flags: ModelsFlags): Promise<void> {
  const { modelsDir, providers } = configOfProcess({ MODELS_DIR: flags.modelsDir });
  const path = onnxFileOf(resolve(file));
  const isInside = !relative(modelsDir, path).startsWith(`..${sep}`);
  // Outside the models folder, it gets the name that it would have once copied there.
  const root = isInside ? modelsDir : dirname(basename(path) === 'model.onnx' ? dirname(path) : path);
  const name = nameOf(root, path);
  const files = findModel(root, name, warn);
  if ('issue' in files) throw new ConfigError([files.issue]);
  const report = await examineModel(name, files, providers).catch((error: unknown) => {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], { cause: error });
  });
  const pipeline = 'issue' in report.plan ? undefined : pipelineOf(name, report.plan.task);
  const output = flags.json
    ? JSON.stringify({ ...jsonOfReport(report), pipeline: pipeline ?? null })
    : textOf(report, pipeline, isInside ? undefined : modelsDir);
  process.stdout.write(`${output}\n`);
}

/** Resolves a folder to the `model.onnx` in it. */
function onnxFileOf(path: string): string {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'model.onnx') : path;
  if (!existsSync(file)) throw new ConfigError([`model file ${file} does not exist`]);
  if (!file.endsWith('.onnx')) throw new ConfigError([`${file} is not an .onnx file`]);
  return file;
}

interface ReadyPipeline {
  readonly id: string;
  readonly [key: string]: unknown;
}

function pipelineOf(model: string, task: Task): ReadyPipeline {
  const [plugin_id, tool_id] = toolOfTask[task].split('.');
  const stem = basename(model, '.onnx');
  const id =
    stem
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '') || 'objects';
  return {
    id,
    name: stem,
    description: `Runs ${model} on each frame.`,
    nodes: [{ id: task, plugin_id, tool_id, params: { model } }],
    edges: [],
    entry_nodes: [task],
    output_nodes: [task],
  };
}

const bytesPerMegabyte = 1_048_576;
/** COCO's 80 class names fit; ImageNet's 1,000 would fill several screens. `--json` has everything. */
const maxMetadataLength = 2000;

function shortened(value: string): string {
  return cut(printable(value.slice(0, maxMetadataLength + 1)), maxMetadataLength);
}

function textOf(report: ModelReport, pipeline: ReadyPipeline | undefined, copyTo: string | undefined): string {
  const { plan, time, metadata } = report;
  const typed = (tensor: ModelReport['inputs'][number]) => `${describeShape(tensor)} ${tensor.type}`;
  const lines: [label: string, text: string][] = [
    ['file', `${report.path}, ${(report.bytes / bytesPerMegabyte).toFixed(2)} MB`],
    ['producer', `${report.producer || 'unknown'}, opset ${report.opset}`],
    ...report.inputs.map((tensor): [string, string] => ['input', typed(tensor)]),
    ...report.outputs.map((tensor): [string, string] => ['output', typed(tensor)]),
    ...Object.entries(metadata).map(([key, value]): [string, string] => ['metadata', `${key}: ${shortened(value)}`]),
    ['provider', report.provider],
    ['time', 'issue' in time ? `not measured: ${time.issue}` : `${time.msPerRun} ms per run on one thread`],
  ];
  if ('issue' in plan) {
    lines.push(['format', `none: ${plan.issue}`]);
  } else {
    lines.push(['tool', toolOfTask[plan.task]], ['format', plan.format.name], ['preprocess', describeInput(plan)]);
    lines.push(['classes', describeClasses(plan)]);
  }
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  // The file is untrusted, so its text must not contain terminal escapes.
  const facts = lines.map(([label, text]) => `${label.padEnd(width)}${printable(text)}`).join('\n');
  if (pipeline === undefined) return facts;
  const first = copyTo === undefined ? '' : `Copy ${report.name} into ${copyTo} and `;
  const where = `write this to pipelines/${pipeline.id}.json:`;
  const advice = first === '' ? where.replace('write', 'Write') : first + where;
  return `${facts}\n\n${advice}\n\n${JSON.stringify(pipeline, null, 2)}`;
}
