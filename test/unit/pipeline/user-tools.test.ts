/** Custom tools are loaded from the models folder, and an invalid module is an issue that names its file. */
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

test('a module may export the tool itself instead of a function', async (t) => {
  const zod = import.meta.resolve('zod');
  const source = `import { z } from '${zod}';
    export default { pluginId: 'test', toolId: 'plain', description: '', inputs: [], outputs: [], failureDetail: 'x',
      params: z.looseObject({}), async create() { return { run: () => ({}) }; } };`;
  const modelsDir = makeModelsDir(t, { pipelines, files: { 'tools/plain.mjs': source } });
  const [pipeline] = await loadPipelines({ modelsDir, providers: ['cpu'] });
  t.equal(pipeline?.nodes.get('n')?.tool.toolId, 'plain');
});

test('reports the exception of a module that throws', async (t) => {
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': `throw new Error('not today');` } }), [
    'tools/bad.mjs: not today',
  ]);
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': `throw 'a string';` } }), ['tools/bad.mjs: a string']);
});

test('reports the exception of a function that throws', async (t) => {
  const source = `export default () => { throw new Error('not now'); };`;
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': source } }), ['tools/bad.mjs: not now']);
});

test('reports a module with a syntax error', async (t) => {
  const issues = await issuesOf(t, { files: { 'tools/bad.mjs': 'export default {' } });
  t.equal(issues.length, 1);
  t.match(issues[0], /^tools\/bad\.mjs: Unexpected end of input/);
});

test('rejects a module without a tool as its default export', async (t) => {
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': 'export const tool = 1;' } }), [
    'tools/bad.mjs: invalid tool: Invalid input: expected object, received undefined',
  ]);
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': 'export default () => 7;' } }), [
    'tools/bad.mjs: invalid tool: Invalid input: expected object, received number',
  ]);
});

test('reports every missing or wrong member', async (t) => {
  const source = `export default { pluginId: '', toolId: 't', description: 'd', inputs: 'image', outputs: [], params: {} };`;
  t.same(await issuesOf(t, { files: { 'tools/bad.mjs': source } }), [
    'tools/bad.mjs: invalid tool: pluginId: Too small: expected string to have >=1 characters; ' +
      'inputs: must be a list of ports; ' +
      'failureDetail: Invalid input: expected string, received undefined; ' +
      'params: must be a schema created with the given z; create: must be a function',
  ]);
});

test('rejects outputs that are reserved result keys', async (t) => {
  for (const port of ['width', 'height', 'timings_ms']) {
    t.same(await issuesOf(t, { tools: { plain: `outputs: ['${port}'],` } }), [
      'tools/plain.mjs: invalid tool: outputs.0: is a reserved result key',
      ...(await unknownPlain(t)),
    ]);
  }
});

test('rejects a duplicate tool name, also of a built-in tool', async (t) => {
  t.same(await issuesOf(t, { tools: { plain: '', second: `toolId: 'plain',` } }), [
    'tools/second.mjs: tool test.plain already exists',
  ]);
  t.same(await issuesOf(t, { tools: { plain: '', yolo: `pluginId: 'yolo', toolId: 'detect_objects',` } }), [
    'tools/yolo.mjs: tool yolo.detect_objects already exists',
  ]);
});

test('a check that throws or does not return a list is an issue of its node', async (t) => {
  t.same(await issuesOf(t, { tools: { plain: `check() { throw new Error('not this one'); },` } }), [
    'pipelines/p.json: node "n": test.plain: check() threw: not this one',
  ]);
  t.same(await issuesOf(t, { tools: { plain: `check: () => 'no folder',` } }), [
    'pipelines/p.json: node "n": test.plain: check() must return a list of issues',
  ]);
  t.same(await issuesOf(t, { tools: { plain: `check: true,` } }), [
    'tools/plain.mjs: invalid tool: check: must be a function',
    ...(await unknownPlain(t)),
  ]);
});

/** The issue of a pipeline whose tool could not be loaded. */
async function unknownPlain(t: Test): Promise<string[]> {
  const issues = await issuesOf(t, { tools: {} });
  t.match(issues, [/^pipelines\/p\.json: node "n": unknown tool "test\.plain"; expected one of: /]);
  return issues;
}
