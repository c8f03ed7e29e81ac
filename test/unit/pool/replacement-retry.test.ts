/** A replacement that cannot start is retried until it can: the pool recovers by itself when the cause is fixed. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { KeptLog, runFrame, startPool } from '../../support/started-pool.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';
import { eventually } from '../../support/vital-signs.ts';

/** Dies with its first frame; cannot start while the models folder has a file `broken`. */
const mortal = `async create(params, { modelsDir }) {
  const { existsSync } = await import('node:fs');
  if (existsSync(modelsDir + '/broken')) throw new Error('broken');
  return { run: () => { setImmediate(() => { throw new Error("mortal"); }); return new Promise(() => {}); } };
},`;

test('a worker that cannot be replaced immediately is replaced later', async (t) => {
  const modelsDir = makeModelsDir(t, {
    pipelines: [{ id: 'p', nodes: [testNode('n', 'mortal')] }],
    tools: { mortal },
  });
  const kept = new KeptLog();
  const { pool, started } = await startPool(t, { modelsDir, log: kept.log });
  await started;
  pool.openSession('the session');
  writeFileSync(join(modelsDir, 'broken'), '');
  t.same(await runFrame(pool, 'p', encodeGradient(8, 8)), { type: 'dropped', reason: 'worker_lost' });
  const failures = () => kept.lines.filter((line) => line === 'worker_boot_failed').length;
  await eventually(failures, (count) => count >= 2, 'a second attempt');
  t.match(pool.status(), { ready: 0 });
  rmSync(join(modelsDir, 'broken'));
  await eventually(
    () => pool.status().ready,
    (ready) => ready === 1,
    'a worker',
  );
  t.pass('it recovered');
});
