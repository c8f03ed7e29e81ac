/** `framegate models`: lists the models of the models folder. */
import { readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { configOfProcess } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { findModel } from '../models/model-files.ts';
import { examineModel, type ModelReport } from './model-report.ts';
import { describeClasses, describeShape, jsonOfReport } from './model-text.ts';
import { paddingOf, printable, printableLine, widthOf } from './printable.ts';
import { warn } from './warn.ts';

export interface ModelsFlags {
  readonly modelsDir?: string;
  readonly json?: boolean;
}

type Unusable = { readonly name: string; readonly issue: string };
type Listed = ModelReport | Unusable;

/** Prints one line per model. A model that cannot be loaded is listed with the reason, and the exit code is 1. */
export async function listModels(flags: ModelsFlags): Promise<void> {
  const { modelsDir, providers } = configOfProcess({ MODELS_DIR: flags.modelsDir });
  const listed: Listed[] = [];
  for (const name of modelNames(modelsDir)) listed.push(await examine(modelsDir, name, providers));
  if (listed.some((model) => 'issue' in model)) process.exitCode = 1;
  const output = flags.json
    ? JSON.stringify(listed.map((model) => ('issue' in model ? jsonOfUnusable(model) : jsonOfReport(model))))
    : tableOf(listed);
  process.stdout.write(`${output}\n`);
}

async function examine(modelsDir: string, name: string, providers: readonly string[]): Promise<Listed> {
  const files = findModel(modelsDir, name, warn);
  if ('issue' in files) return { name, issue: files.issue };
  try {
    return await examineModel(name, files, providers);
  } catch (error) {
    return { name, issue: error instanceof Error ? error.message : String(error) };
  }
}

/** Names of all models as pipelines use them: a folder with `model.onnx`, or a file. Hidden folders are skipped. */
function modelNames(modelsDir: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(modelsDir, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    throw new ConfigError([`models folder ${modelsDir}: ${error instanceof Error ? error.message : String(error)}`]);
  }
  return entries
    .filter((path) => path.endsWith('.onnx') && !path.split(sep).some((part) => part.startsWith('.')))
    .map((path) => nameOf(modelsDir, join(modelsDir, path)))
    .sort();
}

/** The name that a pipeline uses for a file in the models folder. */
export function nameOf(modelsDir: string, path: string): string {
  const inside = relative(modelsDir, path).split(sep).join('/');
  return inside.endsWith('/model.onnx') ? dirname(inside) : inside;
}

/** `fault` is the deprecated name of `issue`. */
function jsonOfUnusable({ name, issue }: Unusable): object {
  return { name, issue, fault: issue };
}

function tableOf(listed: readonly Listed[]): string {
  if (listed.length === 0) return 'no models';
  const headings = ['model', 'task', 'format', 'input', 'classes', 'provider', 'ms per run'];
  // The files are untrusted, so their text must not contain terminal escapes.
  const rows = [headings, ...listed.map((model) => rowOf(model).map(printable))];
  // An issue is a sentence and must not widen the columns of the others.
  const widths = headings.map((_, column) =>
    Math.max(...rows.map((row) => (row.length > 2 || column === 0 ? widthOf(row[column] ?? '') : 0))),
  );
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) => cell + paddingOf(cell, widths[column] ?? 0)).join('  ');
  return rows.map((row) => lineOf(row).trimEnd()).join('\n');
}

function rowOf(model: Listed): string[] {
  if ('issue' in model) return [model.name, printableLine(model.issue)];
  const { name, plan, provider, time } = model;
  const ms = 'issue' in time ? '-' : time.msPerRun.toFixed(2);
  if (!('issue' in plan)) {
    const { task, format, input } = plan;
    return [name, task, format.name, `${input.width}x${input.height}`, describeClasses(plan), provider, ms];
  }
  const shapes = (tensors: ModelReport['inputs']) => tensors.map(describeShape).join(', ');
  const task = model.metadata['task'] ?? '-';
  return [name, task, 'none', `${shapes(model.inputs)} -> ${shapes(model.outputs)}`, '-', provider, ms];
}
