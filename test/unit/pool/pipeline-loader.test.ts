/** Pipelines first used at runtime are loaded worker by worker, without interrupting others. */
import { type Test, test } from 'tap';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { KeptLog, runFrame, startPool, until } from '../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';

const jpeg = encodeGradient(32, 24);

/** `first` is loaded at startup, `later` and `broken` on demand; loading `broken` always fails. */
function modelsFor(t: Test): string {
  return makeModelsDir(t, {
    pipelines: [
      { id: 'first', nodes: [testNode('n', 'fine')] },
      { id: 'later', nodes: [testNode('n', 'fine', { for: 'later' })], load: 'demand' },
      { id: 'too', nodes: [testNode('n', 'fine', { for: 'too' })], load: 'demand' },
      { id: 'broken', nodes: [testNode('n', 'broken')], load: 'demand' },
    ],
    tools: { fine: '', broken: `create() { throw new Error('no luck'); },` },
  });
}

test('only pipelines with load "start" are loaded at startup', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), poolWorkers: 2 });
  await started;
  t.same(pool.status().pipelines, ['first']);
});

test('a requested pipeline is loaded in every worker, without losing frames of others', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), poolWorkers: 2, log: kept.log });
  await started;
  pool.openSession('the session');
  pool.prepare('later');
  const outcomes: string[] = [];
  while (!kept.lines.includes('pipeline_loaded')) {
    outcomes.push((await runFrame(pool, 'first', jpeg)).type);
    t.ok(pool.status().ready >= 2, 'there are never fewer workers than before');
  }
  t.same([...new Set(outcomes)], ['result']);
  t.match(pool.status(), { size: 2, ready: 2 });
  t.same(pool.status().pipelines, ['first', 'later']);
  t.equal((await runFrame(pool, 'later', jpeg)).type, 'result');
});

test('it works with one worker', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t) });
  await started;
  pool.openSession('the session');
  pool.prepare('later');
  t.equal((await runFrame(pool, 'later', jpeg)).type, 'result', 'its frame is held until then');
  t.equal((await runFrame(pool, 'first', jpeg)).type, 'result');
});

test('a pipeline requested while another is loading is loaded next', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t) });
  await started;
  pool.prepare('later');
  pool.prepare('too');
  pool.prepare('later');
  await until(() => pool.status().pipelines.length === 3);
  t.same(pool.status().pipelines, ['first', 'later', 'too']);
});

test('a pipeline that fails to load does not affect others, and is not retried immediately', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), log: kept.log, maxWaitMs: 50 });
  await started;
  pool.openSession('the session');
  pool.prepare('broken');
  await until(() => kept.lines.includes('pipeline_load_failed'));
  t.same(await runFrame(pool, 'broken', jpeg), { type: 'dropped', reason: 'expired' }, 'dropped, never failed');
  t.equal((await runFrame(pool, 'first', jpeg)).type, 'result');
  pool.prepare('broken');
  pool.prepare('later');
  await until(() => pool.status().pipelines.includes('later'));
  t.equal(kept.lines.filter((line) => line === 'pipeline_load_failed').length, 1);
  t.match(pool.status(), { size: 1, ready: 1 });
});

test('a pipeline that fails to load does not block one requested meanwhile', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), log: kept.log });
  await started;
  for (const id of ['broken', 'later', 'too']) pool.prepare(id);
  await until(() => pool.status().pipelines.length === 3);
  t.same(pool.status().pipelines, ['first', 'later', 'too']);
  t.ok(kept.lines.includes('pipeline_load_failed'));
});

test('a pipeline requested before the first worker is ready is loaded afterwards', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t) });
  pool.prepare('later');
  await started;
  await until(() => pool.status().pipelines.includes('later'));
  t.match(pool.status(), { size: 1, ready: 1 });
});

test('a worker lost later is replaced by one with all pipelines', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [
      { id: 'first', nodes: [testNode('n', 'die')] },
      { id: 'later', nodes: [testNode('n', 'fine')], load: 'demand' },
    ],
    tools: {
      fine: '',
      die: `async create() {
        return { run: () => (setImmediate(() => { throw new Error('died on purpose'); }), new Promise(() => {})) };
      },`,
    },
  });
  const { pool, started } = await startPool(t, { modelsDir });
  await started;
  pool.openSession('the session');
  pool.prepare('later');
  await until(() => pool.status().pipelines.includes('later') && pool.status().ready === 1);
  t.equal((await runFrame(pool, 'first', jpeg)).type, 'dropped');
  await until(() => pool.status().ready === 1);
  t.equal((await runFrame(pool, 'later', jpeg)).type, 'result');
});

test('a pool stopped while loading ends all its threads', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), poolWorkers: 2 });
  await started;
  pool.prepare('later');
  pool.prepare('too');
  t.equal(await pool.stop(10_000), true);
  t.match(pool.status(), { ready: 0 });
});
