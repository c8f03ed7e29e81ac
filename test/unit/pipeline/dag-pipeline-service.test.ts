/** Nodes run in order with their predecessors' outputs, and failures are reported as the contract defines. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { FrameError } from '../../../src/errors.ts';
import type { Image } from '../../../src/models/image.ts';
import { DagPipelineService } from '../../../src/pipeline/dag-pipeline-service.ts';
import { loadPipelines } from '../../../src/pipeline/registry.ts';
import { onnxFixture } from '../../support/onnx-fixtures.ts';
import { type ModelsParts, makeModelsDir, type NodeParts, testNode } from '../../support/temp-models.ts';

const image: Image = { width: 2, height: 1, channels: 3, data: new Uint8Array(6) };

/** Events recorded by the test tools, shared with their modules through `globalThis`. */
const journal: unknown[] = [];
Object.assign(globalThis, { framegateTestJournal: journal });

const tools = {
  /** Outputs `value` on `port` after `ms` and records its input. */
  give: `async create(params) {
    return {
      async run({ image, ...inputs }) {
        globalThis.framegateTestJournal.push([params.value, inputs]);
        await new Promise((resolve) => setTimeout(resolve, params.ms ?? 0));
        return { [params.port ?? 'text']: params.value };
      },
    };
  },`,
  /** Returns another image. */
  crop: `async create() {
    return { run: ({ image }) => ({ image: { ...image, width: image.width - 1 } }) };
  },`,
  /** Returns the width of its input image. */
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
  /** Counts its instances and records their lifecycle. */
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

/** A node that outputs its own name. */
function give(id: string, port = 'text', ms = 0): NodeParts {
  return testNode(id, 'give', { port, value: id, ms });
}

test('runs nodes in order and passes their outputs on', async (t) => {
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

test('a node gets outputs only from its direct predecessors, and the last edge wins', async (t) => {
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

test('a slow first branch does not change which output wins', async (t) => {
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

test('runs independent nodes concurrently', async (t) => {
  const nodes = [testNode('one', 'meet'), testNode('two', 'meet')];
  const pipelines = [{ id: 'p', nodes, edges: [], entry: ['one', 'two'], output: ['one', 'two'] }];
  const service = await createService(t, { pipelines });
  t.same((await service.run('p', image)).values, { met: true });
});

test('merges only the output nodes and their predecessors, the output nodes last', async (t) => {
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

test('a tool may return another image for its successors only', async (t) => {
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

test('a tool that throws fails the frame with its failureDetail and keeps the cause', async (t) => {
  const service = await createService(t, { pipelines: [{ id: 'p', nodes: [testNode('n', 'fail')] }] });
  const error = await service.run('p', image).catch((caught: unknown) => caught);
  if (!(error instanceof FrameError)) throw new Error('it is no FrameError');
  t.match(error, { code: 'pipeline_failure', detail: 'Measuring failed', cause: { message: 'inside' } });
});

test('a frame fails when all nodes have ended, so that the next one does not find them at work', async (t) => {
  const late = `async create() {
    return {
      async run() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        globalThis.framegateTestJournal.push('ended');
      },
    };
  },`;
  const nodes = [testNode('one', 'fail'), testNode('two', 'late')];
  const pipelines = [{ id: 'p', nodes, edges: [], entry: ['one', 'two'], output: ['one', 'two'] }];
  const service = await createService(t, { pipelines, tools: { ...tools, late } });
  await t.rejects(service.run('p', image), { code: 'pipeline_failure', detail: 'Measuring failed' });
  t.same(journal, ['ended']);
});

test('an unknown pipeline is an internal error', async (t) => {
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

test('two nodes of one pipeline do not share an instance, since they may run concurrently', async (t) => {
  const nodes = [testNode('one', 'counted'), testNode('two', 'counted')];
  const pipelines = [
    { id: 'p', nodes },
    { id: 'q', nodes },
  ];
  await createService(t, { pipelines });
  t.same(journal, ['created', 'created']);
});

test('warms and closes every instance once', async (t) => {
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

test('names pipeline and node of a tool that cannot be created', async (t) => {
  const stubborn = `create() { throw 'no luck'; },`;
  const pipelines = [{ id: 'p', nodes: [testNode('n', 'stubborn')] }];
  await t.rejects(createService(t, { pipelines, tools: { stubborn } }), {
    message: 'pipeline "p": node "n": no luck',
  });
});

test('rejects a tool whose create() does not return an object with run()', async (t) => {
  const forgetful = 'async create() {},';
  const pipelines = [{ id: 'p', nodes: [testNode('n', 'forgetful')] }];
  await t.rejects(createService(t, { pipelines, tools: { forgetful } }), {
    message: 'pipeline "p": node "n": test.forgetful: create() must return an object with run()',
  });
});

test('names pipeline and node of a tool that cannot be warmed up', async (t) => {
  const cold = `async create() { return { run: () => ({}), warm() { throw new Error('too cold'); } }; },`;
  const service = await createService(t, { pipelines: [{ id: 'p', nodes: [testNode('n', 'cold')] }], tools: { cold } });
  await t.rejects(service.warm(), { message: 'pipeline "p": node "n": too cold' });
});

test('closes all created tools if one cannot be created or warmed up', async (t) => {
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

test('lists the models that a tool loads from its context, and releases them when it is closed', async (t) => {
  const double = `async create(params, { models }) {
    const model = await models.load('double.onnx');
    if (params.broken) throw new Error('broken');
    return {
      async run() {
        const { y } = await model.run({ x: { data: Float32Array.of(2), dims: [1, 1] } });
        return { doubled: y.data[0] };
      },
    };
  },`;
  const modelsDir = makeModelsDir(t, {
    tools: { double },
    pipelines: [{ id: 'p', nodes: [testNode('n', 'double')] }],
  });
  cpSync(onnxFixture('double'), join(modelsDir, 'double.onnx'));
  const context = { modelsDir, providers: ['cpu'] };
  const service = await DagPipelineService.create(await loadPipelines(context), context);
  t.match(service.models, [{ name: 'double.onnx', provider: 'cpu' }]);
  t.same((await service.run('p', image)).values, { doubled: 4 });
  await service.close();
  t.same(service.models, []);
  await t.rejects(service.run('p', image), { code: 'pipeline_failure' }, 'the model is gone');
});
