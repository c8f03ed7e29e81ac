/** A reload replaces all workers by ones with new pipelines, and a bad one changes nothing. Real threads. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { ConfigError } from '../../../src/errors.ts';
import { loadPipelines } from '../../../src/pipeline/registry.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { runFrame, startPool, until } from '../../support/started-pool.ts';
import { makeModelsDir, pipelineFile, testNode } from '../../support/temp-models.ts';

const jpeg = encodeGradient(32, 24);

function versioned(id: string, version: number, load?: 'demand') {
  return { id, nodes: [testNode('n', 'version', { version })], ...(load === undefined ? {} : { load }) };
}

/** A pool whose pipelines answer with the version in their file; a negative one cannot start. */
async function versionedPool(t: Test, poolWorkers: number) {
  const modelsDir = makeModelsDir(t, {
    pipelines: [versioned('plates', 1), versioned('later', 1, 'demand')],
    tools: {
      version: `
        params: z.object({ version: z.number() }),
        outputs: ['text'],
        create({ version }) {
          if (version < 0) throw new Error('no luck');
          return { run: () => ({ text: String(version) }) };
        },`,
    },
  });
  const local = await startPool(t, { modelsDir, poolWorkers });
  await local.started;
  local.pool.openSession('the session');
  const reload = async (version: number) => {
    writeFileSync(
      join(modelsDir, 'pipelines', 'plates.json'),
      JSON.stringify(pipelineFile(versioned('plates', version))),
    );
    return local.reload(await loadPipelines({ modelsDir, providers: ['cpu'] }));
  };
  const ask = async (pipelineId = 'plates', frameIndex = 0) => {
    const outcome = await runFrame(local.pool, pipelineId, jpeg, frameIndex);
    return outcome.type === 'result' ? Number(JSON.parse(outcome.text).text) : outcome.type;
  };
  return { ...local, modelsDir, reload, ask };
}

test('while versions change, no frame is lost, and no session goes back to an older one', async (t) => {
  const { pool, reload, ask } = await versionedPool(t, 2);
  let isOver = false;
  const camera = async () => {
    const versions: unknown[] = [];
    while (!isOver) versions.push(await ask('plates', versions.length));
    return versions;
  };
  const answers = camera();
  for (let version = 2; version <= 5; version++) t.equal(await reload(version), version);
  t.match(pool.status(), { generation: 5, ready: 2, size: 2 });
  t.equal(await ask(), 5);
  isOver = true;
  const versions = await answers;
  t.ok(versions.length > 0 && versions.every((version) => typeof version === 'number'), String(versions));
  t.same(versions, versions.toSorted());
});

test('a generation that cannot start changes nothing', async (t) => {
  const { pool, reload, ask } = await versionedPool(t, 2);
  await t.rejects(reload(-1), ConfigError);
  t.equal(await ask(), 1);
  t.match(pool.status(), { generation: 1, ready: 2 });
  await reload(2);
  t.equal(await ask(), 2);
});

test('a pipeline loaded on demand stays loaded, and one that was removed is gone', async (t) => {
  const { pool, reload, ask, modelsDir } = await versionedPool(t, 1);
  t.equal(await ask('later'), 1);
  await reload(2);
  t.same(pool.status().pipelines.toSorted(), ['later', 'plates']);
  t.equal(await ask('later'), 1);
  rmSync(join(modelsDir, 'pipelines', 'later.json'));
  await reload(3);
  t.same(pool.status().pipelines, ['plates']);
  pool.prepare('later');
  t.equal(await ask(), 3, 'a removed pipeline is not loaded');
});

test('the code of a custom tool is read again', async (t) => {
  const { reload, ask, modelsDir } = await versionedPool(t, 1);
  const path = join(modelsDir, 'tools', 'version.mjs');
  writeFileSync(path, readFileSync(path, 'utf8').replace('String(version)', 'String(version + 100)'));
  await reload(2);
  t.equal(await ask(), 102);
});

test('while a reload makes a pipeline sequential, or free again, a session has one frame in flight', async (t) => {
  const pipeline = (sequential: boolean) => ({ id: 'plates', nodes: [testNode('n', 'slow')], sequential });
  const slow = `async create() {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { run: () => new Promise((resolve) => setTimeout(resolve, 30)) };
  },`;
  const modelsDir = makeModelsDir(t, { pipelines: [pipeline(false)], tools: { slow } });
  const { pool, started, reload } = await startPool(t, { modelsDir, poolWorkers: 3, maxWaitMs: 0 });
  await started;
  pool.openSession('the session');
  const inFlight: number[] = [];
  let frames = 0;
  const camera = setInterval(() => {
    void runFrame(pool, 'plates', jpeg, frames++);
    inFlight.push(pool.status().inFlight);
  }, 5);
  t.teardown(() => clearInterval(camera));
  const change = async (sequential: boolean) => {
    const path = join(modelsDir, 'pipelines', 'plates.json');
    writeFileSync(path, JSON.stringify(pipelineFile(pipeline(sequential))));
    const done = reload(await loadPipelines({ modelsDir, providers: ['cpu'] }));
    // The frames that run already end first.
    await until(() => pool.status().inFlight <= 1);
    inFlight.length = 0;
    await done;
    return Math.max(...inFlight);
  };
  await until(() => pool.status().inFlight === 3);
  t.equal(await change(true), 1, 'sequential from now on');
  t.equal(await change(false), 1, 'no longer');
  await until(() => pool.status().inFlight === 3);
});
