/** A pipeline's graph is planned in running order, or every fault of it is named. */
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

test('a file need not say how it is loaded and limited, and may', async (t) => {
  const fallback = graphOf('a', []);
  t.match(fallback, { load: 'start', sequential: false });
  t.same(fallback.limits, {});
  const limits = { max_pixels: 1000, max_workers: 2 };
  t.match(graphOf('a', [], { load: 'demand', limits, sequential: true }), { load: 'demand', limits, sequential: true });
});

test('limits that limit to nothing are refused by name', async (t) => {
  for (const limits of [{ max_pixels: 0 }, { max_workers: 0 }, { max_workers: 1.5 }]) {
    const parsed = parsePipelineFile(pipelineFile({ id: 'p', nodes: [testNode('a', 'any')], limits }));
    t.equal(parsed.ok, false);
    t.match(parsed.ok ? [] : parsed.issues, [new RegExp(`^limits.${Object.keys(limits)[0]}: `)]);
  }
});

test('a node may not have the name of a stage of the gateway', async (t) => {
  for (const id of ['decode', 'total']) {
    const parsed = parsePipelineFile(pipelineFile({ id: 'p', nodes: [testNode(id, 'any')] }));
    if (!parsed.ok) throw new Error(parsed.issues.join());
    const plan = planGraph(parsed.value);
    t.same(plan.ok ? [] : plan.issues, [`node "${id}" has the name of a stage of the gateway's own`]);
  }
});

test('one node is a plan', async (t) => {
  const plan = planOf('a', []);
  t.same(plan.levels, [['a']]);
  t.same(plan.merged, ['a']);
});

test('the two arms of a diamond run together', async (t) => {
  const plan = planOf('abcd', diamond);
  t.same(plan.levels, [['a'], ['b', 'c'], ['d']]);
  t.same(plan.predecessors.get('d'), ['b', 'c']);
  t.same(plan.merged, ['a', 'b', 'c', 'd']);
});

test('a node waits for its latest predecessor, in whatever order the file lists the nodes', async (t) => {
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

test('only outputs and what they need are merged, the outputs last and as listed', async (t) => {
  t.same(planOf('abcd', diamond, { output: ['b'] }).merged, ['a', 'b']);
  t.same(planOf('abcd', diamond, { output: ['c', 'b'] }).merged, ['a', 'c', 'b']);
  t.same(planOf('abcd', diamond, { output: ['d', 'a'] }).merged, ['b', 'c', 'd', 'a']);
});

test('several entries are planned side by side', async (t) => {
  const edges: Edges = [
    ['a', 'c'],
    ['b', 'c'],
  ];
  t.same(planOf('abc', edges, { entry: ['a', 'b'] }).levels, [['a', 'b'], ['c']]);
});

test('a cycle is named by the nodes on it', async (t) => {
  const ring: Edges = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'd'],
    ['d', 'b'],
  ];
  t.same(issuesOf('abcd', ring), ['cycle: b -> c -> d -> b']);
});

test('a node behind a cycle is not taken for a part of it', async (t) => {
  const ring: Edges = [
    ['a', 'c'],
    ['b', 'a'],
    ['a', 'b'],
  ];
  t.same(issuesOf('cab', ring, { entry: ['a'], output: ['c'] }), ['cycle: a -> b -> a']);
});

test('a node that follows itself is a cycle', async (t) => {
  t.same(
    issuesOf('ab', [
      ['a', 'b'],
      ['b', 'b'],
    ]),
    ['cycle: b -> b'],
  );
});

test('unknown nodes are named with where they stand', async (t) => {
  const parts = { entry: ['a', 'y'], output: ['z'] };
  t.same(issuesOf('a', [['a', 'x']], parts), [
    'edge a -> x names the unknown node "x"',
    'entry_nodes names the unknown node "y"',
    'output_nodes names the unknown node "z"',
  ]);
  t.same(issuesOf('a', [['x', 'a']]), ['edge x -> a names the unknown node "x"']);
});

test('a node that is defined twice is named once', async (t) => {
  t.same(issuesOf('abaa', []), ['node "a" is defined twice']);
});

test('every node that no entry leads to is named', async (t) => {
  t.same(issuesOf('abc', [], { entry: ['b'], output: ['b'] }), [
    'node "a" cannot be reached from entry_nodes',
    'node "c" cannot be reached from entry_nodes',
  ]);
});

test('keys of older versions are ignored and params may be missing', async (t) => {
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

test('each missing or wrong key is named by its path', async (t) => {
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

test('what is no object is said to be none', async (t) => {
  t.same(parsePipelineFile([]), { ok: false, issues: ['Invalid input: expected object, received array'] });
});

/** What is said of a file with these nodes and edges. */
function fileIssuesOf(ids: readonly string[], edges: readonly [string, string][] = []): readonly string[] {
  const nodes = ids.map((id) => ({ id, plugin_id: 'x', tool_id: 'y' }));
  const parsed = parsePipelineFile({
    ...pipelineFile({ id: 'p', nodes, edges }),
    entry_nodes: ['a'],
    output_nodes: ['a'],
  });
  return parsed.ok ? [] : parsed.issues;
}

test('a file has so many nodes and edges, and no more', async (t) => {
  const ids = Array.from({ length: maxNodes + 1 }, (_, index) => `n${index}`);
  t.same(fileIssuesOf(ids.slice(1)), []);
  t.same(fileIssuesOf(ids), ['nodes: Too big: expected array to have <=256 items']);
  const edges = Array.from({ length: maxEdges + 1 }, (): [string, string] => ['a', 'b']);
  t.same(fileIssuesOf(['a', 'b'], edges.slice(1)), []);
  t.same(fileIssuesOf(['a', 'b'], edges), ['edges: Too big: expected array to have <=4096 items']);
});

test('the largest graph is planned, as a chain and as a ring, and its faults are found', async (t) => {
  const ids = Array.from({ length: maxNodes }, (_, index) => `n${index}`);
  const chain = ids.slice(1).map((id, index): [string, string] => [ids[index] as string, id]);
  const planned = planGraph(graphOf(ids, chain, { entry: ['n0'], output: ['n255'] }));
  t.equal(planned.ok && planned.value.levels.length, maxNodes);
  const ring = planGraph(graphOf(ids, [...chain, ['n255', 'n0']], { entry: ['n0'], output: ['n255'] }));
  t.match(ring, { ok: false, issues: [/^cycle: n0 -> n1 -> /] });
});

test('an id is a short line of text that JavaScript can keep as a key', async (t) => {
  t.same(fileIssuesOf(['a', 'constructor', 'toString', 'Kamera 7 – Nord']), []);
  t.same(fileIssuesOf(['__proto__']), ['nodes.0.id: is a name that JavaScript keeps for itself']);
  t.same(fileIssuesOf(['a\nb']), ['nodes.0.id: holds control characters']);
  t.same(fileIssuesOf(['\u202ea']), ['nodes.0.id: holds control characters']);
  t.same(fileIssuesOf(['x'.repeat(129)]), ['nodes.0.id: Too big: expected string to have <=128 characters']);
});

test('params are nested so deep, and no deeper', async (t) => {
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const fileWith = (levels: number) =>
    pipelineFile({ id: 'p', nodes: [testNode('a', 'any', { deep: nested(levels) })] });
  // The file, its nodes, the node and its params are the first four.
  t.equal(parsePipelineFile(fileWith(28)).ok, true);
  t.same(parsePipelineFile(fileWith(29)), { ok: false, issues: ['is nested more than 32 levels deep'] });
  t.match(parsePipelineFile(fileWith(100_000)), { ok: false });
});

const letters = 'abcdefg';
const anyEdges = fc.array(fc.tuple(fc.constantFrom(...letters), fc.constantFrom(...letters)), { maxLength: 14 });

test('any graph is either planned so that every edge goes forwards, or has a cycle that is one', async () => {
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
