/** Nodes run in order, see what their predecessors gave, and their failures are told as the contract says. */
import { type Test, test } from 'tap';
import { FrameError } from '../../../src/errors.ts';
import type { Image } from '../../../src/models/image.ts';
import { DagPipelineService } from '../../../src/pipeline/dag-pipeline-service.ts';
import { loadPipelines } from '../../../src/pipeline/registry.ts';
import { type ModelsParts, makeModelsDir, type NodeParts, testNode } from '../../support/temp-models.ts';

const image: Image = { width: 2, height: 1, channels: 3, data: new Uint8Array(6) };

/** What tools note about themselves, shared with their modules by its name on `globalThis`. */
const journal: unknown[] = [];
Object.assign(globalThis, { framegateTestJournal: journal });

const tools = {
  /** Gives `port` the value `value`, after `ms`, and notes what it got. */
  give: `async create(params) {
    return {
      async run({ image, ...inputs }) {
        globalThis.framegateTestJournal.push([params.value, inputs]);
        await new Promise((resolve) => setTimeout(resolve, params.ms ?? 0));
        return { [params.port ?? 'text']: params.value };
      },
    };
  },`,
  /** Gives another picture. */
  crop: `async create() {
    return { run: ({ image }) => ({ image: { ...image, width: image.width - 1 } }) };
  },`,
  /** Tells how wide the picture is that it sees. */
  measure: `async create() {
    return { run: ({ image }) => ({ seen: image.width }) };
  },`,
  /** Waits until two of its nodes run at the same time. */
  meet: `async create() {
    return {
      async run() {
        globalThis.framegateTestJournal.push('here');
        while (globalThis.framegateTestJournal.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
        return { met: true };
      },
    };
  },`,
  fail: `failureDetail: 'Measuring failed',
  async create() {
    return { run() { throw new Error('inside'); } };
  },`,
  /** Counts its instances, and what is done with each. */
  counted: `async create() {
    globalThis.framegateTestJournal.push('created');
    return {
      models: [{ name: 'm', provider: 'cpu' }],
      run: () => ({}),
      async warm() { globalThis.framegateTestJournal.push('warmed'); },
      async close() { globalThis.framegateTestJournal.push('closed'); },
    };
  },`,
};

async function createService(t: Test, parts: ModelsParts): Promise<DagPipelineService> {
  const context = { modelsDir: makeModelsDir(t, { tools, ...parts }), providers: ['cpu'] };
  journal.length = 0;
  return DagPipelineService.create(await loadPipelines(context), context);
}

/** A node that gives its own name as a port's value. */
function give(id: string, port = 'text', ms = 0): NodeParts {
  return testNode(id, 'give', { port, value: id, ms });
}

test('nodes run one after the other and hand on what they gave', async (t) => {
  const nodes = [give('a', 'first'), give('b', 'second'), give('c', 'third')];
  const service = await createService(t, { pipelines: [{ id: 'p', nodes }] });
  const run = await service.run('p', image);
  t.same(journal, [
    ['a', {}],
    ['b', { first: 'a' }],
    ['c', { second: 'b' }],
  ]);
  t.same(run.values, { first: 'a', second: 'b', third: 'c' });
  t.same(Object.keys(run.timingsMs), ['a', 'b', 'c']);
});

test('a node sees its direct predecessors only, and the last edge wins', async (t) => {
  const nodes = [give('a'), give('b'), give('c'), give('d', 'out')];
  const edges = [
    ['a', 'b'],
    ['a', 'c'],
    ['c', 'd'],
    ['b', 'd'],
  ] as const;
  const service = await createService(t, { pipelines: [{ id: 'p', nodes, edges }] });
  await service.run('p', image);
  t.same(journal.at(-1), ['d', { text: 'b' }]);
});

test('a slow first arm does not change which one wins', async (t) => {
  const nodes = [give('a'), give('b', 'text', 20), give('c'), give('d', 'out')];
  const edges = [
    ['a', 'b'],
    ['a', 'c'],
    ['b', 'd'],
    ['c', 'd'],
  ] as const;
  const service = await createService(t, { pipelines: [{ id: 'p', nodes, edges }] });
  const run = await service.run('p', image);
  t.same(journal.at(-1), ['d', { text: 'c' }]);
  t.same(run.values, { text: 'c', out: 'd' });
});

test('independent nodes are started together', async (t) => {
  const nodes = [testNode('one', 'meet'), testNode('two', 'meet')];
  const pipelines = [{ id: 'p', nodes, edges: [], entry: ['one', 'two'], output: ['one', 'two'] }];
  const service = await createService(t, { pipelines });
  t.same((await service.run('p', image)).values, { met: true });
});

test('only what the outputs need reaches the result, the outputs last', async (t) => {
  const nodes = [give('a'), give('b'), give('c', 'side')];
  const edges = [
    ['a', 'b'],
    ['a', 'c'],
  ] as const;
  const service = await createService(t, { pipelines: [{ id: 'p', nodes, edges, output: ['b'] }] });
  const run = await service.run('p', image);
  t.same(run.values, { text: 'b' });
  t.same(Object.keys(run.timingsMs).sort(), ['a', 'b', 'c']);
});

test('a tool may give another picture to those after it, and only to them', async (t) => {
  const nodes = [testNode('crop', 'crop'), testNode('after', 'measure')];
  const pipelines = [
    { id: 'cropped', nodes },
    { id: 'whole', nodes: [testNode('only', 'measure')] },
  ];
  const service = await createService(t, { pipelines });
  t.equal((await service.run('cropped', image)).values['seen'], 1);
  t.equal((await service.run('whole', image)).values['seen'], 2);
  t.equal(image.width, 2);
});

test('a tool that throws fails the frame with its own detail and keeps the cause', async (t) => {
  const service = await createService(t, { pipelines: [{ id: 'p', nodes: [testNode('n', 'fail')] }] });
  const error = await service.run('p', image).catch((caught: unknown) => caught);
  if (!(error instanceof FrameError)) throw new Error('it is no FrameError');
  t.match(error, { code: 'pipeline_failure', detail: 'Measuring failed', cause: { message: 'inside' } });
});

test('a pipeline that is not there is a fault of ours', async (t) => {
  const service = await createService(t, { pipelines: [{ id: 'p', nodes: [give('a')] }] });
  await t.rejects(service.run('q', image), { code: 'internal_error' });
});

test('pipelines share an instance of the same tool with the same params', async (t) => {
  const pipelines = [
    { id: 'p', nodes: [testNode('one', 'counted')] },
    { id: 'q', nodes: [testNode('two', 'counted')] },
    { id: 'r', nodes: [testNode('three', 'counted', { other: true })] },
  ];
  const service = await createService(t, { pipelines });
  t.same(journal, ['created', 'created']);
  t.equal(service.models.length, 2);
});

test('two nodes of one pipeline do not share an instance, since they may run at once', async (t) => {
  const nodes = [testNode('one', 'counted'), testNode('two', 'counted')];
  const pipelines = [
    { id: 'p', nodes },
    { id: 'q', nodes },
  ];
  await createService(t, { pipelines });
  t.same(journal, ['created', 'created']);
});

test('every instance is warmed once and closed once', async (t) => {
  const nodes = [testNode('one', 'counted'), give('plain')];
  const pipelines = [
    { id: 'p', nodes },
    { id: 'q', nodes },
  ];
  const service = await createService(t, { pipelines });
  await service.warm();
  await service.close();
  t.same(journal, ['created', 'warmed', 'closed']);
});

test('a tool that cannot be created is named with its pipeline and node', async (t) => {
  const stubborn = `create() { throw 'no luck'; },`;
  const pipelines = [{ id: 'p', nodes: [testNode('n', 'stubborn')] }];
  await t.rejects(createService(t, { pipelines, tools: { stubborn } }), {
    message: 'pipeline "p": node "n": no luck',
  });
});

test('a tool whose create gives nothing that can run is refused at the start', async (t) => {
  const forgetful = 'async create() {},';
  const pipelines = [{ id: 'p', nodes: [testNode('n', 'forgetful')] }];
  await t.rejects(createService(t, { pipelines, tools: { forgetful } }), {
    message: 'pipeline "p": node "n": create of test.forgetful gave nothing that can run',
  });
});

test('a tool that cannot be warmed is named with its pipeline and node', async (t) => {
  const cold = `async create() { return { run: () => ({}), warm() { throw new Error('too cold'); } }; },`;
  const service = await createService(t, { pipelines: [{ id: 'p', nodes: [testNode('n', 'cold')] }], tools: { cold } });
  await t.rejects(service.warm(), { message: 'pipeline "p": node "n": too cold' });
});

test('what was made before a tool that cannot be made, or warmed up, is closed', async (t) => {
  const failing = {
    unmade: `async create() { throw new Error('no luck'); },`,
    cold: `async create() { return { run: () => ({}), async warm() { throw new Error('too cold'); } }; },`,
  };
  for (const [name, reason] of [
    ['unmade', 'no luck'],
    ['cold', 'too cold'],
  ] as const) {
    journal.length = 0;
    const nodes = [testNode('a', 'counted'), testNode('b', name)];
    const start = async () => {
      const service = await createService(t, { pipelines: [{ id: 'p', nodes }], tools: { ...tools, ...failing } });
      await service.warm();
    };
    await t.rejects(start(), { message: `pipeline "p": node "b": ${reason}` });
    t.equal(journal[0], 'created');
    t.equal(journal.at(-1), 'closed');
  }
});
