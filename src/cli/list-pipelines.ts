/** `framegate pipelines`: validates every pipeline file and lists the pipelines. */
import { configOfProcess } from '../config.ts';
import { loadPipelines, type Pipeline } from '../pipeline/registry.ts';
import { toolName } from '../tools/tool.ts';
import { warn } from './warn.ts';

export interface ListPipelinesFlags {
  readonly modelsDir?: string;
  readonly json?: boolean;
}

/** @throws ConfigError with one line per issue. */
export async function listPipelines(flags: ListPipelinesFlags): Promise<void> {
  const { modelsDir, providers } = configOfProcess({ MODELS_DIR: flags.modelsDir });
  const pipelines = await loadPipelines({ modelsDir, providers, warn });
  const output = flags.json ? JSON.stringify(pipelines.map(summaryOf)) : pipelines.map(describe).join('\n\n');
  process.stdout.write(`${output}\n`);
}

function summaryOf({ id, name, description }: Pipeline): object {
  return { id, name, description };
}

function describe(pipeline: Pipeline): string {
  const steps = pipeline.plan.levels.map((level) => level.map((id) => describeNode(pipeline, id)).join(' + '));
  return `${pipeline.id}: ${pipeline.name}\n  ${pipeline.description}\n  ${steps.join(' -> ')}`;
}

function describeNode(pipeline: Pipeline, id: string): string {
  const node = pipeline.nodes.get(id);
  return node === undefined ? id : `${id} (${toolName(node.tool)})`;
}
