/** Pipeline files are loaded and validated against the tools; each issue has its file, its node and the reason. */
import { writeFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { checkPipelines, loadPipelines, type Pipeline } from '../../../src/pipeline/registry.ts';
import { type ModelsParts, makeModelsDir, pipelineFile, testNode } from '../../support/temp-models.ts';

const oneTool = { plain: '' };
const oneNode = [testNode('n', 'plain')];

function load(t: Test, parts: ModelsParts): Promise<Pipeline[]> {
  return loadPipelines({ modelsDir: makeModelsDir(t, parts), providers: ['cpu'] });
}

/** The issues of a models folder, without the folder's path. */
async function issuesOf(t: Test, parts: ModelsParts): Promise<string[]> {
  const modelsDir = makeModelsDir(t, parts);
  const error = await loadPipelines({ modelsDir, providers: ['cpu'] }).catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw new Error('there is no ConfigError');
  return error.issues.map((issue) => issue.replaceAll(`${modelsDir}/`, ''));
}

test('loads pipelines in the order of their files', async (t) => {
  const pipelines = [
    { id: 'second', nodes: oneNode },
    { id: 'first', nodes: oneNode },
  ];
  const loaded = await load(t, { pipelines, tools: oneTool });
  t.same(
    loaded.map(({ id }) => id),
    ['first', 'second'],
  );
  t.match(loaded[0], { name: 'Pipeline first', description: 'Made for a test.' });
});

test('a node has its tool and its params with unlimited', async (t) => {
  const tools = { plain: 'params: z.strictObject({ size: z.number(), depth: z.number().default(3) }),' };
  const nodes = [testNode('n', 'plain', { size: 2 })];
  const [pipeline] = await load(t, { pipelines: [{ id: 'p', nodes }], tools });
  t.same(pipeline?.nodes.get('n')?.params, { size: 2, depth: 3 });
  t.equal(pipeline?.nodes.get('n')?.tool.toolId, 'plain');
});

test('loads a file with keys of older versions', async (t) => {
  const file = { ...pipelineFile({ id: 'old', nodes: oneNode }), version: '0.9', input_schema: {}, plugin_type: 'x' };
  const loaded = await load(t, { tools: oneTool, files: { 'pipelines/old.json': JSON.stringify(file) } });
  t.equal(loaded[0]?.id, 'old');
});

test('ignores other files next to pipelines and tools', async (t) => {
  const files = { 'pipelines/README.md': 'not JSON', 'tools/notes.txt': 'not a tool' };
  const loaded = await load(t, { pipelines: [{ id: 'p', nodes: oneNode }], tools: oneTool, files });
  t.equal(loaded.length, 1);
});

test('a folder without pipelines is an issue', async (t) => {
  t.same(await issuesOf(t, {}), ['pipelines has no pipeline files (*.json)']);
  t.same(await issuesOf(t, { files: { 'pipelines/README.md': '' } }), ['pipelines has no pipeline files (*.json)']);
});

test('a file that is not JSON is an issue with the reason', async (t) => {
  const [issue, ...others] = await issuesOf(t, { files: { 'pipelines/p.json': '{"id": oops}' } });
  t.match(issue, /^pipelines\/p\.json: is not JSON: Unexpected token 'o'/);
  t.same(others, []);
});

test('names missing keys', async (t) => {
  t.same(
    await issuesOf(t, {
      files: { 'pipelines/p.json': '{"id":"p","name":"P","description":"","nodes":[],"edges":[]}' },
    }),
    [
      'pipelines/p.json: nodes: Too small: expected array to have >=1 items',
      'pipelines/p.json: entry_nodes: Invalid input: expected array, received undefined',
      'pipelines/p.json: output_nodes: Invalid input: expected array, received undefined',
    ],
  );
});

test('an id that differs from the file name is an issue', async (t) => {
  const text = JSON.stringify(pipelineFile({ id: 'other', nodes: oneNode }));
  t.same(await issuesOf(t, { tools: oneTool, files: { 'pipelines/p.json': text } }), [
    'pipelines/p.json: id is "other"; expected "p", as the file name',
  ]);
});

test('an issue of the graph names its file', async (t) => {
  const nodes = [testNode('a', 'plain'), testNode('b', 'plain')];
  const edges = [
    ['a', 'b'],
    ['b', 'a'],
  ] as const;
  t.same(await issuesOf(t, { pipelines: [{ id: 'p', nodes, edges }], tools: oneTool }), [
    'pipelines/p.json: cycle: a -> b -> a',
  ]);
});

test('an unknown tool is an issue that lists the known tools', async (t) => {
  const [issue] = await issuesOf(t, { pipelines: [{ id: 'p', nodes: [testNode('n', 'missing')] }], tools: oneTool });
  t.match(issue, /^pipelines\/p\.json: node "n": unknown tool "test\.missing"; expected one of: .*\btest\.plain\b/);
  t.match(issue, /\byolo\.detect_objects\b/);
});

test('names invalid params by node and path', async (t) => {
  const tools = { plain: 'params: z.strictObject({ size: z.number() }),' };
  const nodes = [testNode('n', 'plain', { size: 'big', color: 1 })];
  t.same(await issuesOf(t, { pipelines: [{ id: 'p', nodes }], tools }), [
    'pipelines/p.json: node "n": params: size: Invalid input: expected number, received string',
    'pipelines/p.json: node "n": params: Unrecognized key: "color"',
  ]);
});

test('issues of a tool’s own check are issues of the node', async (t) => {
  const tools = { plain: `check: (params, context) => ['no ' + params.thing, 'in ' + context.modelsDir],` };
  const nodes = [testNode('n', 'plain', { thing: 'luck' })];
  const issues = await issuesOf(t, { pipelines: [{ id: 'p', nodes }], tools });
  t.equal(issues[0], 'pipelines/p.json: node "n": no luck');
  t.match(issues[1], /^pipelines\/p\.json: node "n": in \//);
});

test('finds a missing model file without loading anything', async (t) => {
  const nodes = [{ id: 'n', plugin_id: 'yolo', tool_id: 'detect_objects', params: { model: 'absent' } }];
  t.same(await issuesOf(t, { pipelines: [{ id: 'p', nodes }] }), [
    'pipelines/p.json: node "n": model file absent/model.onnx does not exist',
  ]);
});

test('a required port that no predecessor outputs is an issue of the node', async (t) => {
  const tools = { needs: `inputs: ['image', 'boxes'],`, gives: `outputs: ['boxes'],`, plain: '' };
  const nodes = [testNode('a', 'gives'), testNode('b', 'plain'), testNode('c', 'needs')];
  t.same(await issuesOf(t, { pipelines: [{ id: 'p', nodes }], tools }), [
    'pipelines/p.json: node "c": test.needs needs "boxes", which no predecessor outputs',
  ]);
  const direct = [testNode('a', 'gives'), testNode('c', 'needs')];
  t.equal((await load(t, { pipelines: [{ id: 'p', nodes: direct }], tools })).length, 1);
});

test('reports issues of several files and nodes at once', async (t) => {
  const pipelines = [
    { id: 'p', nodes: [testNode('a', 'missing'), testNode('b', 'absent')], output: ['z'] },
    { id: 'q', nodes: [testNode('a', 'plain')], entry: ['y'] },
  ];
  const issues = await issuesOf(t, { pipelines, tools: oneTool, files: { 'tools/bad.mjs': 'export default 7;' } });
  t.match(issues, [
    /^tools\/bad\.mjs: invalid tool: /,
    'pipelines/p.json: output_nodes: unknown node "z"',
    /^pipelines\/p\.json: node "a": unknown tool "test\.missing"/,
    /^pipelines\/p\.json: node "b": unknown tool "test\.absent"/,
    'pipelines/q.json: entry_nodes: unknown node "y"',
  ]);
  t.equal(issues.length, 5);
});

test('a pipeline has its scheduling rules', async (t) => {
  const pipelines = [
    {
      id: 'limited',
      nodes: oneNode,
      load: 'demand' as const,
      limits: { max_pixels: 9, max_workers: 1 },
      sequential: true,
    },
    { id: 'unlimited', nodes: oneNode },
  ];
  const [limited, unlimited] = await load(t, { pipelines, tools: oneTool });
  t.match(limited, { load: 'demand', maxPixels: 9, rules: { maxWorkers: 1, sequential: true } });
  t.match(unlimited, { load: 'start', maxPixels: Number.POSITIVE_INFINITY });
  t.same(unlimited?.rules, { sequential: false });
});

test('a worker validates the text that was read, not the current file', async (t) => {
  const modelsDir = makeModelsDir(t, { pipelines: [{ id: 'p', nodes: oneNode }], tools: oneTool });
  const context = { modelsDir, providers: ['cpu'] };
  const [read] = await loadPipelines(context);
  if (read === undefined) throw new Error('there is one');
  writeFileSync(read.source.path, 'broken');
  const [checked] = await checkPipelines([read.source], context);
  t.same([...(checked?.nodes.keys() ?? [])], ['n']);
});

test('finds a renamed tool by its old name, with one warning per node', async (t) => {
  const node = { id: 'page', plugin_id: 'image', tool_id: 'binarise' };
  const modelsDir = makeModelsDir(t, { pipelines: [{ id: 'old', nodes: [node] }] });
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line.replace(`${modelsDir}/`, ''));
  const [pipeline] = await loadPipelines({ modelsDir, providers: ['cpu'], warn });
  t.equal(pipeline?.nodes.get('page')?.tool.toolId, 'binarize');
  t.strictSame(warnings, ['pipelines/old.json: node "page": image.binarise is deprecated; use image.binarize']);
});
