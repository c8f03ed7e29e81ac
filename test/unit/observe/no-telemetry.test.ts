/** A process that runs models writes no telemetry and makes no network calls. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';

const url = (path: string) => new URL(`../../../${path}`, import.meta.url);

/** Runs a model like the gateway: the main thread imports the worker handle, a worker thread loads the model. */
const inWorker = `
  const { loadModel } = await import('${url('src/models/onnx-model.ts').href}');
  await loadModel({ name: 'plate-yolo', path: '${url('native-models/plate-yolo/model.onnx').pathname}', providers: ['cpu'] });
`;
const inMain = `
  await import('${url('src/pool/thread-executor/worker-handle.ts').href}');
  const { Worker } = await import('node:worker_threads');
  new Worker(${JSON.stringify(inWorker)}, { eval: true, execArgv: ['--input-type=module'] });
`;

test('ONNX Runtime keeps no telemetry database and no debug log', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'framegate-home-'));
  t.teardown(() => rmSync(home, { recursive: true }));
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', inMain], {
    env: { HOME: home, XDG_CACHE_HOME: home, TMPDIR: home },
  });
  t.strictSame(readdirSync(home, { recursive: true }), []);
});
