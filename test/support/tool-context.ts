/** Creates tools as a worker does: with a context that loads models, all closed when the test ends. Tests only. */
import type { Test } from 'tap';
import { ModelScope, type ModelSource } from '../../src/models/loader.ts';
import type { Tool, ToolContext, ToolInstance } from '../../src/tools/tool.ts';

/** What a test says of its models: where they are, or also what runs them. */
type Models = string | (Pick<ModelSource, 'modelsDir'> & Partial<ModelSource>);

/** @param models the models folder, by default one that does not exist, and what runs them, by default the CPU. */
export function toolContext(t: Pick<Test, 'teardown'>, models: Models = '/nowhere'): ToolContext {
  const source = { providers: ['cpu'], ...(typeof models === 'string' ? { modelsDir: models } : models) };
  const scope = new ModelScope(source);
  t.teardown(() => scope.release());
  return { modelsDir: source.modelsDir, providers: source.providers, models: scope };
}

/** @param params the node's `params` as a pipeline file has them. */
export async function createTool<Params>(
  t: Pick<Test, 'teardown'>,
  tool: Tool<Params>,
  params: object,
  models?: Models,
): Promise<ToolInstance> {
  const instance = await tool.create(tool.params.parse(params), toolContext(t, models));
  t.teardown(() => instance.close?.());
  return instance;
}
