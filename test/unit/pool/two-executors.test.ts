/** Two thread executors with different pipelines and sizes behind one scheduler, with real threads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import type { Executor } from '../../../src/pool/executor.ts';
import { FrameSlots } from '../../../src/pool/frame-slots.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { ThreadExecutor } from '../../../src/pool/thread-executor/thread-executor.ts';
import { fixtureModels } from '../../support/gateway.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { KeptLog, observerOf, runFrame } from '../../support/started-pool.ts';

const jpeg = encodeGradient(32, 24);
const { log } = new KeptLog();

test('each runs its pipelines, and a frame that both can run goes where there is room', async (t) => {
  const slots = new FrameSlots(1_000_000);
  const executors: Executor[] = [];
  const startExecutor = async (workers: number, ...pipelines: string[]) => {
    const sources = pipelines.map((id) => {
      const path = join(fixtureModels, 'pipelines', `${id}.json`);
      return { path, text: readFileSync(path, 'utf8') };
    });
    const executor = new ThreadExecutor({
      setup: { memory: slots.memory, modelsDir: fixtureModels, providers: ['cpu'], sources },
      ...{ generation: 1, pipelines: new Set(pipelines) },
      limits: { maxHeapMegabytes: 512, maxStuckMs: 10_000 },
      ...{ log, observer: observerOf(log) },
      capacityChanged: () => pool.capacityChanged(),
    });
    executors.push(executor);
    for (let worker = 0; worker < workers; worker++) await executor.grow();
    return executor;
  };
  const pool: Pool = new Pool({
    ...{ executors, slots, log, poolWorkers: 3, maxHeldBytes: 500_000, maxWaitMs: 30_000, frameTimeoutMs: 30_000 },
    rules: new Map(),
    load: () => undefined,
    canRun: () => true,
  });
  t.teardown(() => pool.stop(10_000));
  const two = await startExecutor(2, 'slow', 'echo');
  const one = await startExecutor(1, 'slow', 'by_width');
  t.match(pool.status(), { ready: 3 });
  t.same(pool.status().pipelines, ['slow', 'echo', 'by_width']);

  const sessions = Array.from({ length: 6 }, (_, index) => `session ${index}`);
  for (const session of sessions) pool.openSession(session);
  // Service times are known before the frames that fill every worker arrive.
  t.equal((await runFrame(pool, 'slow', jpeg, 0, 'session 0')).type, 'result');
  const outcomes = sessions.map((session) => runFrame(pool, 'slow', jpeg, 1, session));
  t.match([two.free, one.free], [0, 0], 'all three run a frame that each of them can run');
  t.match(pool.status(), { busy: 3, held: 3 });
  const narrow = runFrame(pool, 'by_width', encodeGradient(1, 8), 2, 'session 1');
  const echo = runFrame(pool, 'echo', jpeg, 2, 'session 2');
  for (const outcome of [...outcomes, narrow, echo]) t.match(await outcome, { type: /result|dropped/ });
  t.equal((await narrow).type, 'result');
  t.equal((await echo).type, 'result');
  t.match([two.free, one.free], [2, 1]);
  t.equal(pool.status().frameBytes, 0);
});
