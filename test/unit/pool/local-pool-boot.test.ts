/** A pool whose threads cannot start reports the same issues as the command line. */
import { type Test, test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { KeptLog, startPool, until } from '../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';

/** A folder whose only pipeline is valid but cannot be loaded. */
function stubbornModels(t: Test): string {
  return makeModelsDir(t, {
    pipelines: [{ id: 'p', nodes: [{ id: 'n', plugin_id: 'test', tool_id: 'stubborn' }] }],
    tools: { stubborn: `create() { throw new Error('no luck'); }` },
  });
}

test('a tool whose create() fails rejects with pipeline, node and message', async (t) => {
  const kept = new KeptLog();
  const { started } = await startPool(t, { modelsDir: stubbornModels(t), log: kept.log });
  const error = await started.catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw new Error('it is no ConfigError');
  t.same(error.issues, ['pipeline "p": node "n": no luck']);
  t.equal(kept.lines[0], 'worker_boot_failed');
});

test('a failed memory allocation is reported in one line', async (t) => {
  const error = await startPool(t, { maxHeldBytes: 2 ** 52 }).catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw new Error('it is no ConfigError');
  t.match(error.issues, [/^\d+ MB of frame memory cannot be allocated; lower POOL_WORKERS, /]);
});

test('a pool that could not start can be stopped', async (t) => {
  const { pool, started } = await startPool(t, { modelsDir: stubbornModels(t), poolWorkers: 2 });
  await t.rejects(started);
  t.equal(await pool.stop(10_000), true);
});

test('a worker that is stopped while it fails to start does not crash', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'p', nodes: [testNode('n', 'late')] }],
    tools: {
      late: `async create() {
        await new Promise((resolve) => setTimeout(resolve, 300));
        throw new Error('no luck');
      }`,
    },
  });
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir, log: kept.log });
  started.catch(() => undefined);
  t.equal(await pool.stop(10_000), true);
  t.same(kept.lines, ['worker_boot_failed']);
});

test('a pool that cannot start causes no unhandled rejection', async (t) => {
  const { pool } = await startPool(t, { modelsDir: stubbornModels(t) });
  t.equal(await pool.stop(10_000), true);
});

test('a thread that exits silently while booting rejects too', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'p', nodes: [testNode('n', 'quits')] }],
    tools: { quits: 'create() { process.exit(3); },' },
  });
  const kept = new KeptLog();
  const local = await startPool(t, { modelsDir, log: kept.log });
  const started = local.started.then(
    () => 'started',
    () => 'rejected',
  );
  const lost = until(() => kept.lines.includes('worker_exit')).then(() => 'lost without a rejection');
  t.equal(await Promise.race([started, lost]), 'rejected');
});
