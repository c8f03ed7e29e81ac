/** A pool with engine threads: batches across cameras, and what becomes of frames and sessions when an engine dies or hangs. */
import { test } from 'tap';
import { startEnginePool } from '../support/engine-pool.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { runFrame, until } from '../support/started-pool.ts';

const jpeg = encodeGradient(32, 24);

test('frames of several cameras share batches, and each gets its own result', async (t) => {
  const { pool, engines, log } = await startEnginePool(t, { workers: 8, model: { baseMs: 100 } });
  const before = engines.status()[0];
  const sessions = Array.from({ length: 8 }, (_, index) => `camera ${index}`);
  for (const session of sessions) pool.openSession(session);
  for (let round = 0; round < 5; round++) {
    const frames = sessions.map((session, index) =>
      runFrame(pool, 'row', encodeGradient(32 + index, 24), round, session),
    );
    for (const [index, outcome] of (await Promise.all(frames)).entries()) {
      t.match(outcome, { type: 'result' });
      const { y } = JSON.parse(outcome.type === 'result' ? outcome.text : '{}');
      t.same(y, [7, 7 + 32 + index]);
    }
  }
  const [after] = engines.status();
  const rows = (after?.rows ?? 0) - (before?.rows ?? 0);
  t.equal(rows, 40);
  t.ok((after?.batches ?? 0) - (before?.batches ?? 0) < rows, 'in fewer runs than frames');
  t.same(log.fieldsOf('engine_lost'), []);
  t.match(pool.status().reports[0]?.models, [{ name: 'simulated.onnx', provider: 'simulated', max_batch: 8 }]);
});

for (const fault of ['exit', 'hang', 'spin']) {
  test(`an engine is lost (${fault}): its frames are dropped, the session stays, and the engine is replaced`, async (t) => {
    const { pool, log } = await startEnginePool(t, { workers: 2, maxRunMs: 300 });
    pool.openSession('unlucky');
    pool.openSession('other');
    const lost = await runFrame(pool, fault, jpeg, 0, 'unlucky');
    t.match(lost, { type: 'dropped', reason: 'engine_lost' });
    await until(() => pool.status().engines[0]?.state === 'lost');
    t.match(pool.status(), { ready: 0 });
    t.match(await runFrame(pool, 'row', jpeg, 0, 'other'), { type: 'dropped', reason: 'busy' }, 'nothing can run now');
    await until(() => pool.status().ready === 2);
    t.match(pool.status().engines, [{ state: 'ready' }]);
    t.match(await runFrame(pool, 'row', jpeg, 1, 'other'), { type: 'result' });
    t.match(await runFrame(pool, 'row', jpeg, 1, 'unlucky'), { type: 'result' }, 'the session goes on');
    t.match(await runFrame(pool, fault, jpeg, 2, 'unlucky'), { type: 'failed', code: 'pipeline_failure' });
    await until(() => log.fieldsOf('engine_lost').length === 2);
    t.same(log.fieldsOf('worker_exit'), [], 'no worker is lost with it');
  });
}

test('a device that fails every run is replaced before it ends all sessions', async (t) => {
  const { pool } = await startEnginePool(t, { workers: 1 });
  for (const session of ['a', 'b', 'c', 'd']) pool.openSession(session);
  t.match(await runFrame(pool, 'break', jpeg, 0, 'a'), { type: 'failed' });
  t.match(await runFrame(pool, 'row', jpeg, 0, 'b'), { type: 'failed' }, 'which frame is at fault is not known yet');
  t.match(await runFrame(pool, 'row', jpeg, 0, 'c'), { type: 'dropped', reason: 'engine_lost' });
  await until(() => pool.status().ready === 1);
  t.match(await runFrame(pool, 'row', jpeg, 0, 'd'), { type: 'result' });
});

test('with two devices, frames go to the one with less waiting, and to the other when one is lost', async (t) => {
  const { pool, engines } = await startEnginePool(t, { workers: 4, devices: [0, 1] });
  t.match(pool.status().reports[0]?.models, [{ device: 0 }]);
  const sessions = ['a', 'b', 'c', 'd'];
  for (const session of sessions) pool.openSession(session);
  const runAll = (frameIndex: number) =>
    Promise.all(sessions.map((session) => runFrame(pool, 'row', jpeg, frameIndex, session)));
  const before = engines.status().map(({ rows }) => rows);
  for (let frame = 0; frame < 10; frame++)
    for (const outcome of await runAll(frame)) t.match(outcome, { type: 'result' });
  const rows = engines.status().map((engine, index) => engine.rows - (before[index] ?? 0));
  t.equal(
    rows.reduce((sum, each) => sum + each),
    40,
  );
  for (const each of rows) t.ok(each >= 10, 'both run a good part of them');
  t.match(await runFrame(pool, 'exit', jpeg, 10, 'a'), { type: 'dropped', reason: 'engine_lost' });
  t.match(pool.status(), { ready: 4 }, 'every worker still has an engine');
  await until(() => pool.status().engines.some(({ state }) => state === 'lost'));
  for (const outcome of await runAll(11)) t.match(outcome, { type: 'result' });
  await until(() => pool.status().engines.every(({ state }) => state === 'ready'));
  for (const outcome of await runAll(12)) t.match(outcome, { type: 'result' });
});

test('a row that fails fails alone, and full memory makes batches smaller', async (t) => {
  const { pool, log } = await startEnginePool(t, { workers: 6, model: { maxRowsInMemory: 8, baseMs: 20 } });
  for (const session of ['bad', 'a', 'b', 'c']) pool.openSession(session);
  const [bad, ...others] = await Promise.all([
    runFrame(pool, 'fail', jpeg, 0, 'bad'),
    ...['a', 'b', 'c'].map((session) => runFrame(pool, 'row', jpeg, 0, session)),
  ]);
  t.match(bad, { type: 'failed', code: 'pipeline_failure', detail: 'Test tool failed' });
  for (const outcome of others) t.match(outcome, { type: 'result' });
  t.same(log.fieldsOf('engine_lost'), []);
});
