/** Real worker threads run frames, with one outcome each and correct counts. */
import { t as root, test } from 'tap';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { runFrame, startPool } from '../../support/started-pool.ts';

const jpeg = encodeGradient(32, 24);

/** For tests that leave it unchanged; each opens the session again. */
const { pool, started } = await startPool(root);

test('the outcome of a frame has its result as text, and its timings', async (t) => {
  await started;
  pool.openSession('the session');
  const outcome = await runFrame(pool, 'echo', jpeg, 7);
  if (outcome.type !== 'result') throw new Error(`it is ${outcome.type}`);
  const result = JSON.parse(outcome.text);
  t.match(result, { width: 32, height: 24, slept: 0 });
  const { encode, ...timings } = outcome.timings;
  t.same(timings, result.timings_ms);
  t.type(encode, 'number');
  t.match(outcome.timings, { decode: Number, total: Number });
});

test('the frame is copied before offer returns', async (t) => {
  await started;
  pool.openSession('the session');
  const bytes = jpeg.slice();
  const answered = runFrame(pool, 'echo', bytes);
  bytes.fill(0);
  t.equal((await answered).type, 'result');
});

test('a held frame is copied before offer returns, too', async (t) => {
  await started;
  pool.openSession('the session');
  pool.openSession('another');
  const first = runFrame(pool, 'slow', jpeg);
  const bytes = jpeg.slice();
  const held = runFrame(pool, 'echo', bytes, 0, 'another');
  bytes.fill(0);
  t.equal((await first).type, 'result');
  t.equal((await held).type, 'result');
});

test('a short frame after a long one does not include its rest', async (t) => {
  await started;
  pool.openSession('the session');
  await runFrame(pool, 'echo', encodeGradient(200, 200));
  t.match(await runFrame(pool, 'echo', jpeg), { type: 'result', text: /"width":32,"height":24/ });
});

test('a frame of exactly the maximum size is started, and is held if only one may be held', async (t) => {
  const local = await startPool(t, { maxFrameBytes: jpeg.length, maxHeldBytes: jpeg.length });
  await local.started;
  local.pool.openSession('a');
  local.pool.openSession('b');
  const outcomes = [runFrame(local.pool, 'slow', jpeg, 0, 'a'), runFrame(local.pool, 'echo', jpeg, 0, 'b')];
  t.same(
    (await Promise.all(outcomes)).map(({ type }) => type),
    ['result', 'result'],
  );
});

test('a frame that arrives before a worker is ready is held until then', async (t) => {
  const booting = await startPool(t);
  booting.pool.openSession('the session');
  const outcome = runFrame(booting.pool, 'echo', jpeg);
  t.match(booting.pool.status(), { ready: 0, held: 1 });
  t.equal((await outcome).type, 'result');
});

test('the status shows ready, busy, held and in flight', async (t) => {
  const local = await startPool(t, { poolWorkers: 2 });
  t.match(local.pool.status(), { size: 2, ready: 0, busy: 0, timedOut: 0, inFlight: 0, sessions: 0, reports: [] });
  await local.started;
  local.pool.openSession('the session');
  const answered = runFrame(local.pool, 'slow', jpeg);
  t.match(local.pool.status(), { size: 2, ready: 2, busy: 1, timedOut: 0, inFlight: 1, sessions: 1 });
  t.ok(local.pool.status().pipelines.includes('echo'));
  t.match(local.pool.status().reports, [{ decoder: 'jpeg-turbo', models: [] }, { decoder: 'jpeg-turbo' }]);
  await answered;
  t.match(local.pool.status(), { ready: 2, busy: 0, inFlight: 0 });
  local.pool.closeSession('the session');
  t.equal(local.pool.status().sessions, 0);
});

test('a frame in flight has its outcome even if its session was closed', async (t) => {
  await started;
  pool.openSession('the session');
  const answered = runFrame(pool, 'slow', jpeg);
  pool.closeSession('the session');
  t.equal(pool.status().inFlight, 1);
  t.equal((await answered).type, 'result');
  t.equal(pool.status().inFlight, 0);
});
