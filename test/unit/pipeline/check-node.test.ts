/** A node of a custom tool: what the tool declares is checked at start, and the issue names the tool. */
import { type Test, test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { DagPipelineService } from '../../../src/pipeline/dag-pipeline-service.ts';
import { loadPipelines } from '../../../src/pipeline/registry.ts';
import { maxStateBytes } from '../../../src/session-state.ts';
import { type ModelsParts, makeModelsDir, testNode } from '../../support/temp-models.ts';

const oneNode = [{ id: 'p', nodes: [testNode('n', 'any')] }];

async function load(t: Test, parts: ModelsParts) {
  return loadPipelines({ modelsDir: makeModelsDir(t, { pipelines: oneNode, ...parts }), providers: ['cpu'] });
}

/** The state of the first node of each pipeline. */
async function statesOf(t: Test, any: string, ...params: Record<string, unknown>[]) {
  const pipelines = params.map((each, i) => ({ id: `p${i}`, nodes: [testNode('n', 'any', each)] }));
  const loaded = await load(t, { pipelines, tools: { any } });
  return loaded.map(({ nodes }) => nodes.get('n')?.state);
}

async function issueOf(t: Test, members: string, parts: ModelsParts = {}): Promise<string> {
  const error = await load(t, { tools: { any: members }, ...parts }).catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw new Error(`there is no ConfigError, but ${String(error)}`);
  return error.issues.join('\n').replace(/^.*pipelines\/p\.json: node "n": /, '');
}

const wrong: readonly (readonly [members: string, issue: string | RegExp])[] = [
  ['state: () => 5,', 'test.any: state: Invalid input: expected object, received number'],
  ['state: () => null,', 'test.any: state: Invalid input: expected object, received null'],
  ['state: async () => ({}),', 'test.any: state: schema: must be a schema created with the given z'],
  [`state: () => { throw new Error('not today'); },`, 'test.any: not today'],
  ['state: () => ({ schema: { safeParse: () => 1 }, initial: 0 }),', /schema: must be a schema created/],
  ['state: { schema: z.number(), initial: 0, version: 1n },', /^test\.any: state: version: Invalid input/],
  ['state: { schema: z.number() },', 'test.any: initial state: Invalid input: expected number, received undefined'],
  ['state: { schema: z.any() },', 'test.any: initial state: is not JSON'],
  ['state: { schema: z.any(), initial: () => 1 },', 'test.any: initial state: is not JSON'],
  ['state: { schema: z.any(), initial: 1n },', /^test\.any: .*BigInt/],
  [
    'state: { schema: z.date(), initial: new Date(0) },',
    'test.any: initial state, once it is JSON: Invalid input: expected date, received string',
  ],
  [
    'state: { schema: z.map(z.string(), z.any()), initial: new Map() },',
    /^test\.any: initial state, once it is JSON: /,
  ],
  [
    'state: { schema: z.string().transform(Number), initial: "5" },',
    'test.any: initial state, once it is JSON: Invalid input: expected string, received number',
  ],
  ['state: { schema: z.number().refine(async () => true), initial: 0 },', /^test\.any: Encountered Promise/],
  [`state: { schema: z.number().refine(() => { throw new Error('oh'); }), initial: 0 },`, 'test.any: oh'],
  [
    `state: { schema: z.string(), initial: 'x'.repeat(${maxStateBytes}) },`,
    /initial state: State of test\.any exceeds 64 KB$/,
  ],
  ['params: z.looseObject({}).refine(async () => true),', /^test\.any: Encountered Promise/],
  [`params: z.looseObject({}).refine(() => { throw new Error('oh'); }),`, 'test.any: oh'],
  ['inputs: () => 5,', 'test.any: inputs must be a list of ports'],
  ['inputs: async () => [],', 'test.any: inputs must be a list of ports'],
  ['zones: () => 5,', 'test.any: zones() must return a list of areas and lines'],
  ['zones: async () => [],', 'test.any: zones() must return a list of areas and lines'],
  [`zones: () => [{ name: 'a', area: [[0, '1']] }],`, 'test.any: zones() must return a list of areas and lines'],
];

for (const [members, issue] of wrong)
  test(`at start: ${members}`, async (t) => {
    t.match(await issueOf(t, members), issue);
  });

test('the states of all nodes together must fit', async (t) => {
  const half = `state: { schema: z.string(), initial: 'x'.repeat(${maxStateBytes / 2}) },`;
  const nodes = [testNode('n', 'any'), testNode('m', 'any')];
  t.match(
    await issueOf(t, half, { pipelines: [{ id: 'p', nodes }] }),
    /initial state: State of test\.any exceeds 64 KB$/,
  );
});

test('a session begins with what the schema makes of the initial state', async (t) => {
  const [state] = await statesOf(
    t,
    'state: { schema: z.object({ n: z.number().default(3) }), initial: { x: 1 } },',
    {},
  );
  t.strictSame(state?.initial, { n: 3 });
});

test('zones that a client can draw are kept', async (t) => {
  const zones = `[{ name: 'a', area: [[0, 0], [1, 0], [1, 1]], color: 'red' }, { name: 'b', line: [[0, 0], [1, 1]] }]`;
  const [pipeline] = await load(t, { tools: { any: `zones: () => ${zones},` } });
  t.match(pipeline?.zones, [{ name: 'a', color: 'red' }, { name: 'b' }]);
});

test('the fingerprint follows params, version and code', async (t) => {
  const stateful = (version: number) => `params: z.looseObject({ at: z.number().default(1) }),
    state: { schema: z.number(), initial: 0, version: ${version} },`;
  const [none, same, other] = await statesOf(t, stateful(1), {}, { at: 1 }, { at: 2 });
  t.equal(none?.fingerprint, same?.fingerprint, 'the default');
  t.not(same?.fingerprint, other?.fingerprint);
  const [next] = await statesOf(t, stateful(2), {});
  t.not(next?.fingerprint, none?.fingerprint, 'version and code');
});

test('params of which the schema makes something else than JSON are told apart', async (t) => {
  const any = `params: z.object({ name: z.string().transform((name) => new RegExp(name)) }),
    state: { schema: z.number(), initial: 0 },
    async create({ name }) {
      return { run: (_, { state }) => ({ outputs: { name: String(name) }, state }) };
    },`;
  const [a, b] = await statesOf(t, any, { name: 'a' }, { name: 'b' });
  t.not(a?.fingerprint, b?.fingerprint);
  const pipelines = ['a', 'b'].map((name) => ({ id: name, nodes: [testNode('n', 'any', { name })] }));
  const context = { modelsDir: makeModelsDir(t, { pipelines, tools: { any } }), providers: ['cpu'] };
  const service = await DagPipelineService.create(await loadPipelines(context), context);
  const image = { width: 1, height: 1, channels: 3 as const, data: new Uint8Array(3) };
  for (const id of ['a', 'b'])
    t.match((await service.run(id, image)).values, { name: `/${id}/` }, 'no shared instance');
});
