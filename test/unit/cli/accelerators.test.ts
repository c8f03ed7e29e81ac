/** Accelerators are opened if the configuration names any, and what cannot be used is logged. */
import { test } from 'tap';
import { closeAccelerators, openAccelerators } from '../../../src/cli/accelerators.ts';
import { loadConfig } from '../../../src/config.ts';
import type { ProcessLog } from '../../../src/observe/log.ts';
import { KeptLog } from '../../support/started-pool.ts';

/** One that exists on other platforms only. */
const missing = process.platform === 'darwin' ? 'dml' : 'coreml';

async function open(env: Record<string, string>) {
  const kept = new KeptLog();
  return { kept, opened: await openAccelerators(loadConfig(env), kept.log as ProcessLog) };
}

test('models run in the workers if no accelerator is named', async (t) => {
  const { opened, kept } = await open({ ORT_PROVIDERS: 'cpu,cuda', POOL_WORKERS: '3' });
  t.same(opened, { engines: undefined, providers: ['cpu', 'cuda'], poolWorkers: 3 });
  t.same(kept.lines, []);
  t.equal(await closeAccelerators(opened), true);
});

test('a gateway without workers opens none', async (t) => {
  const { opened } = await open({ ORT_PROVIDERS: missing, POOL_WORKERS: '0', NATS_URL: 'nats://localhost' });
  t.match(opened, { engines: undefined, poolWorkers: 0 });
});

test('falls back to the CPU, with as many workers as that can use', async (t) => {
  const config = loadConfig({ ORT_PROVIDERS: `${missing},cpu` });
  const { opened, kept } = await open({ ORT_PROVIDERS: `${missing},cpu` });
  t.same(opened, { engines: undefined, providers: ['cpu'], poolWorkers: config.cpuWorkers });
  t.match(kept.entries, [
    { event: 'provider_unavailable', fields: { provider: missing, reason: /backend not found/ } },
  ]);
});

test('does not start if nothing can be used', async (t) => {
  await t.rejects(open({ ORT_PROVIDERS: missing }), { name: 'StartError', issues: [new RegExp(`^${missing}: `)] });
});
