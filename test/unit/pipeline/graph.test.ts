/** A pipeline's graph is planned in running order, or every issue of it is reported. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type GraphPlan, maxEdges, maxNodes, parsePipelineFile, planGraph } from '../../../src/pipeline/graph.ts';
import { type PipelineParts, pipelineFile, testNode } from '../../support/temp-models.ts';

type Edges = readonly (readonly [string, string])[];

/** A graph of nodes with one-letter names. */
function graphOf(ids: Iterable<string>, edges: Edges, parts: Partial<PipelineParts> = {}) {
  const nodes = [...ids].map((id) => testNode(id, 'any'));
  const parsed = parsePipelineFile(pipelineFile({ id: 'p', nodes, edges, ...parts }));
  if (!parsed.ok) throw new Error(parsed.issues.join('\n'));
  return parsed.value;
}

function planOf(ids: string, edges: Edges, parts: Partial<PipelineParts> = {}): GraphPlan {
  const plan = planGraph(graphOf(ids, edges, parts));
  if (!plan.ok) throw new Error(plan.issues.join('\n'));
  return plan.value;
}

function issuesOf(ids: string, edges: Edges, parts: Partial<PipelineParts> = {}): string[] {
  const plan = planGraph(graphOf(ids, edges, parts));
  return plan.ok ? [] : plan.issues;
}

const diamond: Edges = [
  ['a', 'b'],
  ['a', 'c'],
  ['b', 'd'],
  ['c', 'd'],
];

test('load and limits are optional', async (t) => {
  const fallback = graphOf('a', []);
  t.match(fallback, { load: 'start', sequential: false });
  t.same(fallback.limits, {});
  const limits = { max_pixels: 1000, max_workers: 2 };
  t.match(graphOf('a', [], { load: 'demand', limits, sequential: true }), { load: 'demand', limits, sequential: true });
});

test('rejects limits of zero and names them', async (t) => {
  for (const limits of [{ max_pixels: 0 }, { max_workers: 0 }, { max_workers: 1.5 }]) {
    const parsed = parsePipelineFile(pipelineFile({ id: 'p', nodes: [testNode('a', 'any')], limits }));
    t.equal(parsed.ok, false);
    t.match(parsed.ok ? [] : parsed.issues, [new RegExp(`^limits.${Object.keys(limits)[0]}: `)]);
  }
});

test('rejects node ids that are reserved timings keys', async (t) => {
  for (const id of ['decode', 'total']) {
    const parsed = parsePipelineFile(pipelineFile({ id: 'p', nodes: [testNode(id, 'any')] }));
    if (!parsed.ok) throw new Error(parsed.issues.join());
    const plan = planGraph(parsed.value);
    t.same(plan.ok ? [] : plan.issues, [`node "${id}": this id is reserved for the gateway's own timings`]);
  }
});

test('plans a single node', async (t) => {
  const plan = planOf('a', []);
  t.same(plan.levels, [['a']]);
  t.same(plan.merged, ['a']);
});

test('puts both branches of a diamond in one level', async (t) => {
  const plan = planOf('abcd', diamond);
  t.same(plan.levels, [['a'], ['b', 'c'], ['d']]);
  t.same(plan.predecessors.get('d'), ['b', 'c']);
  t.same(plan.merged, ['a', 'b', 'c', 'd']);
});

test('a node is after its latest predecessor, in any order of the file', async (t) => {
  const edges: Edges = [...diamond, ['a', 'd']];
  t.same(planOf('dcba', edges, { entry: ['a'], output: ['d'] }).levels, [['a'], ['c', 'b'], ['d']]);
});

test('predecessors keep the order of the edges, since the last wins', async (t) => {
  const edges: Edges = [
    ['a', 'b'],
    ['a', 'c'],
    ['c', 'd'],
    ['b', 'd'],
  ];
  t.same(planOf('abcd', edges).predecessors.get('d'), ['c', 'b']);
});

test('merges only output nodes and their predecessors, the output nodes last in file order', async (t) => {
  t.same(planOf('abcd', diamond, { output: ['b'] }).merged, ['a', 'b']);
  t.same(planOf('abcd', diamond, { output: ['c', 'b'] }).merged, ['a', 'c', 'b']);
  t.same(planOf('abcd', diamond, { output: ['d', 'a'] }).merged, ['b', 'c', 'd', 'a']);
});

test('plans several entry nodes in one level', async (t) => {
  const edges: Edges = [
    ['a', 'c'],
    ['b', 'c'],
  ];
  t.same(planOf('abc', edges, { entry: ['a', 'b'] }).levels, [['a', 'b'], ['c']]);
});

test('reports the nodes of a cycle', async (t) => {
  const ring: Edges = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'd'],
    ['d', 'b'],
  ];
  t.same(issuesOf('abcd', ring), ['cycle: b -> c -> d -> b']);
});

test('a node after a cycle is not reported as part of it', async (t) => {
  const ring: Edges = [
    ['a', 'c'],
    ['b', 'a'],
    ['a', 'b'],
  ];
  t.same(issuesOf('cab', ring, { entry: ['a'], output: ['c'] }), ['cycle: a -> b -> a']);
});

test('a node with an edge to itself is a cycle', async (t) => {
  t.same(
    issuesOf('ab', [
      ['a', 'b'],
      ['b', 'b'],
    ]),
    ['cycle: b -> b'],
  );
});

test('reports unknown nodes and where they are used', async (t) => {
  const parts = { entry: ['a', 'y'], output: ['z'] };
  t.same(issuesOf('a', [['a', 'x']], parts), [
    'edge a -> x: unknown node "x"',
    'entry_nodes: unknown node "y"',
    'output_nodes: unknown node "z"',
  ]);
  t.same(issuesOf('a', [['x', 'a']]), ['edge x -> a: unknown node "x"']);
});

test('reports a duplicate node once', async (t) => {
  t.same(issuesOf('abaa', []), ['node "a" is defined twice']);
});

test('reports every unreachable node', async (t) => {
  t.same(issuesOf('abc', [], { entry: ['b'], output: ['b'] }), [
    'node "a" cannot be reached from entry_nodes',
    'node "c" cannot be reached from entry_nodes',
  ]);
});

test('ignores keys of older versions, and params are optional', async (t) => {
  const file = {
    ...pipelineFile({ id: 'p', nodes: [] }),
    version: '1.2',
    input_schema: { type: 'object' },
    nodes: [{ id: 'a', plugin_id: 'x', tool_id: 'y', plugin_type: 'vision' }],
    entry_nodes: ['a'],
    output_nodes: ['a'],
  };
  const parsed = parsePipelineFile(file);
  t.match(parsed, { ok: true, value: { id: 'p', nodes: [{ id: 'a', params: {} }] } });
});

test('reports missing and wrong keys by their path', async (t) => {
  const parsed = parsePipelineFile({
    id: '',
    name: 'n',
    description: 'd',
    nodes: [{ id: 'a', plugin_id: 7 }],
    edges: [],
  });
  t.same(parsed, {
    ok: false,
    issues: [
      'id: Too small: expected string to have >=1 characters',
      'nodes.0.plugin_id: Invalid input: expected string, received number',
      'nodes.0.tool_id: Invalid input: expected string, received undefined',
      'entry_nodes: Invalid input: expected array, received undefined',
      'output_nodes: Invalid input: expected array, received undefined',
    ],
  });
});

test('rejects a file that is not an object', async (t) => {
  t.same(parsePipelineFile([]), { ok: false, issues: ['Invalid input: expected object, received array'] });
});

/** Issues of a file with these nodes and edges. */
function fileIssuesOf(ids: readonly string[], edges: readonly [string, string][] = []): readonly string[] {
  const nodes = ids.map((id) => ({ id, plugin_id: 'x', tool_id: 'y' }));
  const parsed = parsePipelineFile({
    ...pipelineFile({ id: 'p', nodes, edges }),
    entry_nodes: ['a'],
    output_nodes: ['a'],
  });
  return parsed.ok ? [] : parsed.issues;
}

test('limits the number of nodes and edges', async (t) => {
  const ids = Array.from({ length: maxNodes + 1 }, (_, index) => `n${index}`);
  t.same(fileIssuesOf(ids.slice(1)), []);
  t.same(fileIssuesOf(ids), ['nodes: Too big: expected array to have <=256 items']);
  const edges = Array.from({ length: maxEdges + 1 }, (): [string, string] => ['a', 'b']);
  t.same(fileIssuesOf(['a', 'b'], edges.slice(1)), []);
  t.same(fileIssuesOf(['a', 'b'], edges), ['edges: Too big: expected array to have <=4096 items']);
});

test('plans the largest chain and finds the cycle of the largest ring', async (t) => {
  const ids = Array.from({ length: maxNodes }, (_, index) => `n${index}`);
  const chain = ids.slice(1).map((id, index): [string, string] => [ids[index] as string, id]);
  const planned = planGraph(graphOf(ids, chain, { entry: ['n0'], output: ['n255'] }));
  t.equal(planned.ok && planned.value.levels.length, maxNodes);
  const ring = planGraph(graphOf(ids, [...chain, ['n255', 'n0']], { entry: ['n0'], output: ['n255'] }));
  t.match(ring, { ok: false, issues: [/^cycle: n0 -> n1 -> /] });
});

test('an id is a short line of text and a valid object key', async (t) => {
  t.same(fileIssuesOf(['a', 'constructor', 'toString', 'Kamera 7 – Nord']), []);
  t.same(fileIssuesOf(['__proto__']), ['nodes.0.id: is a reserved name']);
  t.same(fileIssuesOf(['a\nb']), ['nodes.0.id: must not contain control characters']);
  t.same(fileIssuesOf(['\u202ea']), ['nodes.0.id: must not contain control characters']);
  t.same(fileIssuesOf(['x'.repeat(129)]), ['nodes.0.id: Too big: expected string to have <=128 characters']);
});

test('limits the nesting depth of params', async (t) => {
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const fileWith = (levels: number) =>
    pipelineFile({ id: 'p', nodes: [testNode('a', 'any', { deep: nested(levels) })] });
  // The file, its nodes, the node and its params are the first four levels.
  t.equal(parsePipelineFile(fileWith(28)).ok, true);
  t.same(parsePipelineFile(fileWith(29)), { ok: false, issues: ['is nested more than 32 levels deep'] });
  t.match(parsePipelineFile(fileWith(100_000)), { ok: false });
});

const letters = 'abcdefg';
const anyEdges = fc.array(fc.tuple(fc.constantFrom(...letters), fc.constantFrom(...letters)), { maxLength: 14 });

test('any graph is planned so that every edge goes forwards, or has a real cycle', async () => {
  fc.assert(
    fc.property(anyEdges, (edges) => {
      const plan = planGraph(graphOf(letters, edges, { entry: [...letters], output: [...letters] }));
      if (plan.ok) {
        const order = plan.value.levels.flat();
        assert.deepEqual(order.toSorted(), [...letters]);
        for (const [from, to] of edges) assert.ok(order.indexOf(from) < order.indexOf(to));
      } else {
        const ring = (plan.issues[0] as string).replace('cycle: ', '').split(' -> ');
        assert.equal(ring[0], ring.at(-1));
        ring.slice(1).forEach((to, index) => {
          assert.ok(edges.some((edge) => edge[0] === ring[index] && edge[1] === to));
        });
      }
    }),
    { numRuns: 300 },
  );
});
