/** Frames that fail, hang or kill their thread are answered once, and the pool comes back to its size. */
import { t as root, type Test, test } from 'tap';
import { encodePicture } from '../../support/jpeg-bytes.ts';
import { KeptLog, runFrame, startPool, until } from '../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';

const jpeg = encodePicture(32, 24);

/** A pipeline `blocks` that does not let go of its thread for much longer than a frame may take here. */
function blockingModels(t: Test): string {
  return makeModelsDir(t, {
    pipelines: [{ id: 'blocks', nodes: [testNode('only', 'block')] }],
    tools: {
      block: `async create() {
        return { run: () => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500), {}) };
      },`,
    },
  });
}

/** For tests that leave its thread as it was. */
const pool = startPool(root);
pool.openSession('the session');

test('a tool that throws fails the frame with its detail, and the thread lives on', async (t) => {
  await pool.started;
  t.same(await runFrame(pool, 'failing', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Test tool failed',
    reason: 'pipeline_failure: Test tool failed <- /secret/path: the tool failed on purpose',
  });
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
});

test('a picture that cannot be decoded is an invalid frame', async (t) => {
  await pool.started;
  t.match(await runFrame(pool, 'echo', Uint8Array.from([1, 2, 3])), {
    type: 'failed',
    code: 'invalid_frame',
    detail: 'Not a valid JPEG image',
  });
});

test('a result that JSON cannot hold is a pipeline failure', async (t) => {
  await pool.started;
  t.match(await runFrame(pool, 'unwritable', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Pipeline failed',
    reason: /BigInt/,
  });
});

test('a thread that dies fails its frame, and another takes its place', async (t) => {
  const kept = new KeptLog();
  const pool = startPool(t, { log: kept.log });
  await pool.started;
  pool.openSession('the session');
  t.same(await runFrame(pool, 'dying', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Worker stopped unexpectedly',
    reason: 'died on purpose',
  });
  t.equal(pool.status().inFlight, 0);
  await until(() => pool.status().ready === 1);
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
  t.same(kept.lines, ['a worker was lost']);
});

test('a thread that dies while it is idle is not given another frame', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [
      { id: 'dies-later', nodes: [testNode('only', 'die-later')] },
      { id: 'waits', nodes: [testNode('only', 'wait')] },
    ],
    tools: {
      'die-later': `async create() {
        return { run: () => (setTimeout(() => { throw new Error('died idle'); }, 10), {}) };
      },`,
      wait: `async create() {
        return { run: () => new Promise((resolve) => setTimeout(resolve, 50, {})) };
      },`,
    },
  });
  const kept = new KeptLog();
  const fragile = startPool(t, { modelsDir, log: kept.log });
  await fragile.started;
  fragile.openSession('the session');
  t.equal((await runFrame(fragile, 'dies-later', jpeg)).type, 'result');
  await until(() => kept.lines.includes('a worker was lost') && fragile.status().ready === 1);
  const answered = runFrame(fragile, 'waits', jpeg);
  await t.rejects(runFrame(fragile, 'waits', jpeg), { message: 'the frame was not taken: pool_full' });
  t.equal((await answered).type, 'result');
});

test('a frame that hangs is answered when its time is over, and its thread is replaced', async (t) => {
  const kept = new KeptLog();
  const pool = startPool(t, { frameTimeoutMs: 50, log: kept.log });
  await pool.started;
  pool.openSession('the session');
  t.match(await runFrame(pool, 'hanging', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Pipeline ran out of time',
  });
  await until(() => pool.status().ready === 1 && pool.status().overdue === 0);
  t.same(kept.lines, ['a frame ran out of time; its worker is out of service']);
  const outcome = await runFrame(pool, 'echo', jpeg);
  t.equal(outcome.type, 'result');
});

test('a thread that blocks is out of service until it comes back, and is not ended by force', async (t) => {
  const pool = startPool(t, { frameTimeoutMs: 50, modelsDir: blockingModels(t) });
  await pool.started;
  pool.openSession('the session');
  const outcomes: unknown[] = [];
  pool.offer('the session', { pipelineId: 'blocks', frameIndex: 0, bytes: jpeg }, (outcome) => outcomes.push(outcome));
  await until(() => outcomes.length > 0);
  t.match(outcomes, [{ code: 'pipeline_failure', detail: 'Pipeline ran out of time' }]);
  t.match(pool.status(), { overdue: 1, inFlight: 0 });
  await until(() => pool.status().overdue === 0);
  await until(() => pool.status().ready === 1);
  t.equal(outcomes.length, 1, 'its late result is nobody’s answer');
});

test('stop waits for the frame in flight and takes nothing more', async (t) => {
  const pool = startPool(t);
  await pool.started;
  pool.openSession('the session');
  let answered = false;
  const outcome = runFrame(pool, 'slow', jpeg).then((settled) => {
    answered = true;
    return settled;
  });
  const stopped = pool.stop(10_000);
  await t.rejects(runFrame(pool, 'echo', jpeg), { message: 'the frame was not taken: pool_full' });
  t.equal(await stopped, true);
  t.ok(answered);
  t.equal((await outcome).type, 'result');
  t.match(pool.status(), { ready: 0, busy: 0, inFlight: 0 });
});

test('an idle pool that was told to stop takes nothing more', async (t) => {
  const stopping = startPool(t);
  await stopping.started;
  stopping.openSession('the session');
  const stopped = stopping.stop(10_000);
  await t.rejects(runFrame(stopping, 'echo', jpeg), { message: 'the frame was not taken: pool_full' });
  t.equal(await stopped, true);
});

test('stop says so when a thread does not come back in time', async (t) => {
  const pool = startPool(t, { modelsDir: blockingModels(t) });
  await pool.started;
  pool.openSession('the session');
  void runFrame(pool, 'blocks', jpeg);
  t.equal(await pool.stop(1), false);
});

test('stop ends threads that are still booting', async (t) => {
  const pool = startPool(t);
  t.equal(await pool.stop(10_000), true);
});
