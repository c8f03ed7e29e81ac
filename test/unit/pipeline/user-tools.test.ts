/** Users' own tools are loaded from the models folder, and a bad module is told by its file. */
import { type Test, test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { loadPipelines } from '../../../src/pipeline/registry.ts';
import { type ModelsParts, makeModelsDir, testNode } from '../../support/temp-models.ts';

const pipelines = [{ id: 'p', nodes: [testNode('n', 'plain')] }];

async function issuesOf(t: Test, parts: ModelsParts): Promise<string[]> {
  const modelsDir = makeModelsDir(t, { pipelines, tools: { plain: '' }, ...parts });
  const error = await loadPipelines({ modelsDir, providers: ['cpu'] }).catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw new Error('there is no ConfigError');
  return error.issues.map((issue) => issue.replaceAll(`${modelsDir}/`, ''));
}

test('a module may export the tool itself, without a function around it', async (t) => {
  const zod = import.meta.resolve('zod');
  const source = `import { z } from '${zod}';
    export default { pluginId: 'test', toolId: 'plain', description: '', inputs: [], outputs: [], failureDetail: 'x',
      params: z.looseObject({}), async create() { return { run: () => ({}) }; } };`;
  const modelsDir = makeModelsDir(t, { pipelines, files: { 'tools/plain.mjs': source } });
  const [pipeline] = await loadPipelines({ modelsDir, providers: ['cpu'] });
  t.equal(pipeline?.nodes.get('n')?.tool.toolId, 'plain');
});

test('a module that throws is told with what it threw', async (t) => {
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': `throw new Error('not today');` } }), [
    'tools/bad.mjs: not today',
  ]);
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': `throw 'a string';` } }), ['tools/bad.mjs: a string']);
});

test('a function that throws is told with what it threw', async (t) => {
  const source = `export default () => { throw new Error('not now'); };`;
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': source } }), ['tools/bad.mjs: not now']);
});

test('a module that does not parse is told', async (t) => {
  const issues = await issuesOf(t, { files: { 'tools/bad.mjs': 'export default {' } });
  t.equal(issues.length, 1);
  t.match(issues[0], /^tools\/bad\.mjs: Unexpected end of input/);
});

test('a module that exports nothing, or something else, is no tool', async (t) => {
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': 'export const tool = 1;' } }), [
    'tools/bad.mjs: is no tool: Invalid input: expected object, received undefined',
  ]);
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': 'export default () => 7;' } }), [
    'tools/bad.mjs: is no tool: Invalid input: expected object, received number',
  ]);
});

test('every member that is missing or wrong is told', async (t) => {
  const source = `export default { pluginId: '', toolId: 't', description: 'd', inputs: 'image', outputs: [], params: {} };`;
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': source } }), [
    'tools/bad.mjs: is no tool: pluginId: Too small: expected string to have >=1 characters; ' +
      'inputs: Invalid input: expected array, received string; ' +
      'failureDetail: Invalid input: expected string, received undefined; ' +
      'params: must be a schema made with the given z; create: must be a function',
  ]);
});

test('a tool may not write the gateway’s own keys', async (t) => {
  for (const port of ['width', 'height', 'timings_ms']) {
    t.same(await issuesOf(t, { tools: { plain: `outputs: ['${port}'],` } }), [
      'tools/plain.mjs: is no tool: outputs.0: is a key that the gateway writes',
      ...(await unknownPlain(t)),
    ]);
  }
});

test('a tool with a name that is taken is told, built-in names too', async (t) => {
  t.same(await issuesOf(t, { tools: { plain: '', second: `toolId: 'plain',` } }), [
    'tools/second.mjs: the tool test.plain exists already',
  ]);
  t.same(await issuesOf(t, { tools: { plain: '', yolo: `pluginId: 'yolo', toolId: 'detect_objects',` } }), [
    'tools/yolo.mjs: the tool yolo.detect_objects exists already',
  ]);
});

test('a check that throws, or gives no list, is a fault of its node', async (t) => {
  t.same(await issuesOf(t, { tools: { plain: `check() { throw new Error('not this one'); },` } }), [
    'pipelines/p.json: node "n": check of test.plain failed: not this one',
  ]);
  t.same(await issuesOf(t, { tools: { plain: `check: () => 'no folder',` } }), [
    'pipelines/p.json: node "n": check of test.plain must give a list of faults',
  ]);
  t.same(await issuesOf(t, { tools: { plain: `check: true,` } }), [
    'tools/plain.mjs: is no tool: check: must be a function',
    ...(await unknownPlain(t)),
  ]);
});

/** What a pipeline says when its tool could not be loaded. */
async function unknownPlain(t: Test): Promise<string[]> {
  const issues = await issuesOf(t, { tools: {} });
  t.match(issues, [/^pipelines\/p\.json: node "n": unknown tool test\.plain; there are /]);
  return issues;
}
