/** Real worker threads take frames, answer each once, and count right. */
import { t as root, test } from 'tap';
import { encodePicture } from '../../support/jpeg-bytes.ts';
import { KeptLog, runFrame, startPool, until } from '../../support/started-pool.ts';

const jpeg = encodePicture(32, 24);

/** For tests that leave it as it was; each opens the session anew. */
const pool = startPool(root);

test('a frame is answered with its result, as it goes on the wire', async (t) => {
  await pool.started;
  pool.openSession('the session');
  const outcome = await runFrame(pool, 'echo', jpeg, 7);
  if (outcome.type !== 'result') throw new Error(`failed: ${outcome.reason}`);
  t.match(JSON.parse(outcome.message), { frame_index: 7, result: { width: 32, height: 24, slept: 0 } });
});

test('the frame is copied before offer returns', async (t) => {
  await pool.started;
  pool.openSession('the session');
  const bytes = jpeg.slice();
  const answered = runFrame(pool, 'echo', bytes);
  bytes.fill(0);
  t.equal((await answered).type, 'result');
});

test('a short frame after a long one is read without the rest of the long one', async (t) => {
  await pool.started;
  pool.openSession('the session');
  await runFrame(pool, 'echo', encodePicture(200, 200));
  const outcome = await runFrame(pool, 'echo', jpeg);
  t.match(outcome, { type: 'result', message: /"width":32,"height":24/ });
});

test('a frame of exactly the largest size is taken', async (t) => {
  const pool = startPool(t, { maxFrameBytes: jpeg.length });
  await pool.started;
  pool.openSession('the session');
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
});

test('before a worker is ready nothing is taken', async (t) => {
  const booting = startPool(t);
  booting.openSession('the session');
  t.equal(
    booting.offer('the session', { pipelineId: 'echo', frameIndex: 0, bytes: jpeg }, () => t.fail('answered')),
    'pool_full',
  );
  await booting.started;
});

test('the status tells what is ready, busy and in flight', async (t) => {
  const pool = startPool(t, { poolWorkers: 2 });
  t.match(pool.status(), { size: 2, ready: 0, busy: 0, overdue: 0, inFlight: 0, sessions: 0, reports: [] });
  await pool.started;
  pool.openSession('the session');
  const answered = runFrame(pool, 'slow', jpeg);
  t.match(pool.status(), { size: 2, ready: 2, busy: 1, overdue: 0, inFlight: 1, sessions: 1 });
  const [report] = pool.status().reports;
  t.match(report, { decoder: 'jpeg-turbo', models: [] });
  t.ok(report?.pipelines.includes('echo'));
  await answered;
  t.match(pool.status(), { ready: 2, busy: 0, inFlight: 0 });
  pool.closeSession('the session');
  t.equal(pool.status().sessions, 0);
});

test('a busy pool says so, and takes a frame again when it is done', async (t) => {
  await pool.started;
  pool.openSession('the session');
  const answered = runFrame(pool, 'slow', jpeg);
  await t.rejects(runFrame(pool, 'slow', jpeg), { message: 'the frame was not taken: pool_full' });
  await answered;
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
});

test('the next frame can be offered from within the answer to the last', async (t) => {
  await pool.started;
  pool.openSession('the session');
  const outcome = await new Promise((resolve) => {
    const frame = { pipelineId: 'echo', frameIndex: 0, bytes: jpeg };
    pool.offer('the session', frame, () => {
      pool.offer('the session', { ...frame, frameIndex: 1 }, resolve);
    });
  });
  t.match(outcome, { type: 'result', message: /^{"frame_index":1,/ });
});

test('a frame in flight is answered though its session was closed', async (t) => {
  await pool.started;
  pool.openSession('the session');
  const answered = runFrame(pool, 'slow', jpeg);
  pool.closeSession('the session');
  t.equal(pool.status().inFlight, 1);
  t.equal((await answered).type, 'result');
  t.equal(pool.status().inFlight, 0);
});

test('an answer that throws does not disturb the pool', async (t) => {
  const kept = new KeptLog();
  const pool = startPool(t, { log: kept.log });
  await pool.started;
  pool.openSession('the session');
  pool.offer('the session', { pipelineId: 'echo', frameIndex: 0, bytes: jpeg }, () => {
    throw new Error('nobody is there');
  });
  await until(() => pool.status().inFlight === 0);
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
  t.same(kept.lines, ['an answer could not be delivered']);
});
