/** Creates tools as a worker does: with a context that loads models, all closed when the test ends. Tests only. */
import type { Test } from 'tap';
import { ModelScope } from '../../src/models/loader.ts';
import type { Tool, ToolContext, ToolInstance } from '../../src/tools/tool.ts';

const providers = ['cpu'];

/** @param modelsDir the models folder; by default one that does not exist. */
export function toolContext(t: Pick<Test, 'teardown'>, modelsDir = '/nowhere'): ToolContext {
  const models = new ModelScope({ modelsDir, providers });
  t.teardown(() => models.release());
  return { modelsDir, providers, models };
}

/** @param params the node's `params` as a pipeline file has them. */
export async function createTool<Params>(
  t: Pick<Test, 'teardown'>,
  tool: Tool<Params>,
  params: object,
  modelsDir?: string,
): Promise<ToolInstance> {
  const instance = await tool.create(tool.params.parse(params), toolContext(t, modelsDir));
  t.teardown(() => instance.close?.());
  return instance;
}
