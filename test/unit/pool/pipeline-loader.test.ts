/** Pipelines that are first used while the pool runs are loaded worker by worker, and nothing else is interrupted. */
import { type Test, test } from 'tap';
import { encodePicture } from '../../support/jpeg-bytes.ts';
import { KeptLog, runFrame, startPool, until } from '../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';

const jpeg = encodePicture(32, 24);

/** `first` is loaded at the start, `later` and `broken` on demand; the last one never succeeds. */
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

test('at the start only what is wanted at the start is loaded', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), poolWorkers: 2 });
  await started;
  t.same(pool.status().pipelines, ['first']);
});

test('a pipeline that is asked for is loaded in every worker; frames of the others are never lost by it', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), poolWorkers: 2, log: kept.log });
  await started;
  pool.openSession('the session');
  pool.prepare('later');
  const outcomes: string[] = [];
  while (!kept.lines.includes('pipeline loaded')) {
    outcomes.push((await runFrame(pool, 'first', jpeg)).type);
    t.ok(pool.status().ready >= 2, 'there are never fewer workers than before');
  }
  t.same([...new Set(outcomes)], ['result']);
  t.match(pool.status(), { size: 2, ready: 2 });
  t.same(pool.status().pipelines, ['first', 'later']);
  t.equal((await runFrame(pool, 'later', jpeg)).type, 'result');
});

test('with one worker it works too', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t) });
  await started;
  pool.openSession('the session');
  pool.prepare('later');
  t.equal((await runFrame(pool, 'later', jpeg)).type, 'result', 'its frame is held until then');
  t.equal((await runFrame(pool, 'first', jpeg)).type, 'result');
});

test('what is asked for while another is being loaded comes next', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t) });
  await started;
  pool.prepare('later');
  pool.prepare('too');
  pool.prepare('later');
  await until(() => pool.status().pipelines.length === 3);
  t.same(pool.status().pipelines, ['first', 'later', 'too']);
});

test('one that cannot be loaded leaves the others as they were, and is not tried again at once', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), log: kept.log, maxWaitMs: 50 });
  await started;
  pool.openSession('the session');
  pool.prepare('broken');
  await until(() => kept.lines.includes('pipeline cannot be loaded'));
  t.same(await runFrame(pool, 'broken', jpeg), { type: 'dropped', reason: 'expired' }, 'dropped, never failed');
  t.equal((await runFrame(pool, 'first', jpeg)).type, 'result');
  pool.prepare('broken');
  pool.prepare('later');
  await until(() => pool.status().pipelines.includes('later'));
  t.equal(kept.lines.filter((line) => line === 'pipeline cannot be loaded').length, 1);
  t.match(pool.status(), { size: 1, ready: 1 });
});

test('one that cannot be loaded keeps no other from it that is asked for meanwhile', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), log: kept.log });
  await started;
  for (const id of ['broken', 'later', 'too']) pool.prepare(id);
  await until(() => pool.status().pipelines.length === 3);
  t.same(pool.status().pipelines, ['first', 'later', 'too']);
  t.ok(kept.lines.includes('pipeline cannot be loaded'));
});

test('what is asked for before the first worker is ready is loaded after it', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t) });
  pool.prepare('later');
  await started;
  await until(() => pool.status().pipelines.includes('later'));
  t.match(pool.status(), { size: 1, ready: 1 });
});

test('a worker that is lost after that is replaced by one that has them all', async (t) => {
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

test('a pool that is stopped while it loads ends all its threads', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: modelsFor(t), poolWorkers: 2 });
  await started;
  pool.prepare('later');
  pool.prepare('too');
  t.equal(await pool.stop(10_000), true);
  t.match(pool.status(), { ready: 0 });
});
