/** Frames that fail, hang or kill their thread have exactly one outcome, and the pool recovers its size. */
import { t as root, type Test, test } from 'tap';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { KeptLog, runFrame, sourceOf, startPool, until } from '../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';

const jpeg = encodeGradient(32, 24);

/** A pipeline `blocks` that blocks its thread much longer than the frame timeout. */
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

/** For tests that leave its thread unchanged. */
const { pool, started } = await startPool(root);
pool.openSession('the session');

function failuresOf({ lines }: KeptLog): string[] {
  return lines.filter((event) => event !== 'worker_ready');
}

test('a tool that throws fails the frame with its detail, and the thread continues', async (t) => {
  await started;
  t.same(await runFrame(pool, 'failing', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Test tool failed',
    reason: 'pipeline_failure: Test tool failed <- /secret/path: the tool failed on purpose',
  });
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
});

test('an image that cannot be decoded is an invalid frame', async (t) => {
  await started;
  t.match(await runFrame(pool, 'echo', Uint8Array.from([1, 2, 3])), {
    type: 'failed',
    code: 'invalid_frame',
    detail: 'Not a valid JPEG image: no SOI',
  });
});

test('a result that cannot be serialized is a pipeline failure', async (t) => {
  await started;
  t.match(await runFrame(pool, 'unwritable', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Output number of test.unwritable is not JSON',
    reason: /BigInt/,
  });
});

test('a thread that dies drops its frame and is replaced', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { log: kept.log });
  await started;
  pool.openSession('the session');
  t.same(await runFrame(pool, 'dying', jpeg), { type: 'dropped', reason: 'worker_lost' });
  t.equal(pool.status().inFlight, 0);
  await until(() => pool.status().ready === 1);
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
  t.same(failuresOf(kept), ['worker_exit']);
});

test('a thread that dies while idle gets no further frame', async (t) => {
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
  const { pool, started } = await startPool(t, { modelsDir, log: kept.log });
  await started;
  pool.openSession('the session');
  t.equal((await runFrame(pool, 'dies-later', jpeg)).type, 'result');
  await until(() => kept.lines.includes('worker_exit') && pool.status().ready === 1);
  const answered = runFrame(pool, 'waits', jpeg);
  t.match(pool.status(), { busy: 1, inFlight: 1 });
  t.equal((await answered).type, 'result');
});

test('a held frame started on a worker that is lost is dropped, and the next held one runs on the replacement', async (t) => {
  const { pool, started } = await startPool(t);
  await started;
  for (const session of ['a', 'b', 'c']) pool.openSession(session);
  const outcomes = await Promise.all([
    runFrame(pool, 'slow', jpeg, 0, 'a'),
    runFrame(pool, 'dying', jpeg, 0, 'b'),
    runFrame(pool, 'echo', jpeg, 0, 'c'),
  ]);
  t.match(outcomes, [{ type: 'result' }, { type: 'dropped', reason: 'worker_lost' }, { type: 'result' }]);
});

test('a session that loses a second worker fails', async (t) => {
  const { pool, started } = await startPool(t);
  await started;
  pool.openSession('the session');
  t.same(await runFrame(pool, 'dying', jpeg), { type: 'dropped', reason: 'worker_lost' });
  await until(() => pool.status().ready === 1);
  t.match(await runFrame(pool, 'dying', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Worker stopped unexpectedly',
  });
});

test('a frame that hangs times out, and its thread is replaced', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { frameTimeoutMs: 500, log: kept.log });
  await started;
  pool.openSession('the session');
  t.match(await runFrame(pool, 'hanging', jpeg), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Pipeline timed out',
  });
  await until(() => pool.status().ready === 1 && pool.status().timedOut === 0);
  t.same(failuresOf(kept), ['frame_timeout']);
  const outcome = await runFrame(pool, 'echo', jpeg);
  t.equal(outcome.type, 'result');
});

test('a frame finished in time has its result, even if this thread was blocked past the deadline', async (t) => {
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { frameTimeoutMs: 1000, log: kept.log });
  await started;
  pool.openSession('the session');
  t.equal((await runFrame(pool, 'echo', jpeg)).type, 'result');
  // Timers run next from here.
  await new Promise((resolve) => setImmediate(resolve));
  const outcome = runFrame(pool, 'echo', jpeg);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  t.equal((await outcome).type, 'result');
  t.same(failuresOf(kept), []);
});

test('a blocked thread is out of service until it finishes, and is not terminated', async (t) => {
  const { pool, started } = await startPool(t, { frameTimeoutMs: 50, modelsDir: blockingModels(t) });
  await started;
  pool.openSession('the session');
  const outcomes: unknown[] = [];
  pool.offer('the session', { source: sourceOf('blocks'), frameIndex: 0, bytes: jpeg }, (outcome) =>
    outcomes.push(outcome),
  );
  await until(() => outcomes.length > 0);
  t.match(outcomes, [{ code: 'pipeline_failure', detail: 'Pipeline timed out' }]);
  t.match(pool.status(), { timedOut: 1, inFlight: 0 });
  await until(() => pool.status().timedOut === 0);
  await until(() => pool.status().ready === 1);
  t.equal(outcomes.length, 1, 'its late result is ignored');
});

test('stop waits for the frame in flight and starts no more', async (t) => {
  const { pool, started } = await startPool(t);
  await started;
  pool.openSession('the session');
  let answered = false;
  const outcome = runFrame(pool, 'slow', jpeg).then((settled) => {
    answered = true;
    return settled;
  });
  const stopped = pool.stop(10_000);
  t.same(await runFrame(pool, 'echo', jpeg), { type: 'dropped', reason: 'draining' });
  t.equal(await stopped, true);
  t.ok(answered);
  t.equal((await outcome).type, 'result');
  t.match(pool.status(), { ready: 0, busy: 0, inFlight: 0 });
});

test('an idle pool that is stopping starts nothing', async (t) => {
  const { pool, started } = await startPool(t);
  await started;
  pool.openSession('the session');
  const stopped = pool.stop(10_000);
  t.same(await runFrame(pool, 'echo', jpeg), { type: 'dropped', reason: 'draining' });
  t.equal(await stopped, true);
});

test('stop reports a thread that does not finish in time', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: blockingModels(t) });
  await started;
  pool.openSession('the session');
  void runFrame(pool, 'blocks', jpeg);
  t.equal(await pool.stop(1), false);
});

test('stop ends threads that are still booting', async (t) => {
  const { pool } = await startPool(t);
  t.equal(await pool.stop(10_000), true);
});
