/** Model files that disappear or change at runtime: loaded workers continue, replacements wait for the file. */
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { beside } from '../support/bystander.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, testNode } from '../support/temp-models.ts';
import { eventually, idle, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const params = { model: 'plate-yolo' };
const modelsDir = makeModelsDir(tap, {
  pipelines: [
    { id: 'detect', nodes: [{ id: 'detect', plugin_id: 'yolo', tool_id: 'detect_objects', params }] },
    { id: 'exit', nodes: [testNode('only', 'exit')] },
  ],
  tools: { exit: 'async create() { return { run: () => process.exit(3) }; },' },
});
mkdirSync(join(modelsDir, 'plate-yolo'));
for (const name of ['model.onnx', 'model.json'])
  copyFileSync(join(shippedModels, 'plate-yolo', name), join(modelsDir, 'plate-yolo', name));
const path = join(modelsDir, 'plate-yolo', 'model.onnx');
const kept = `${path}.kept`;

const gateway = await startGateway({ MODELS_DIR: modelsDir, POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());

for (const [what, damage] of [
  ['removed', () => renameSync(path, kept)],
  [
    'overwritten',
    () => {
      renameSync(path, kept);
      writeFileSync(path, 'no model');
    },
  ],
] as const) {
  test(`after a model file was ${what}, loaded workers continue, and restoring it restores the others`, async (t) => {
    const logged = gateway.log().length;
    await beside(t, gateway.streamUrl('detect'), async () => {
      damage();
      const client = await StreamClient.open(gateway.streamUrl('exit'));
      client.send(frame);
      const log = await eventually(
        async () => gateway.log().slice(logged),
        (said) => said.includes('"event":"worker_boot_failed"'),
        'a replacement that fails to load',
      );
      await client.close();
      t.match(log, /"issues":\["[^\]]*plate-yolo/, 'the log names the model');
      t.match(await readiness(gateway), { status: 200, degraded: true, pool: { ready: 1 } });
      renameSync(kept, path);
      await eventually(
        () => readiness(gateway),
        ({ pool }) => pool.ready === 2,
        'the replacement',
      );
    });
    t.match(await idle(gateway), { degraded: false });
  });
}
