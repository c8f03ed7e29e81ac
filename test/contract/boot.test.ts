/** Startup: the gateway listens before workers are ready and reports it; failures to load end the process. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { runCli, spawnCli } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

/** A models folder with one pipeline, `only`, whose tool runs this code in `create`. */
function modelsWhoseToolDoes(t: Test, create: string): string {
  const tool = `export default ({ z }) => ({
    pluginId: 'test', toolId: 'boot', description: 'Boots.', inputs: [], outputs: ['done'],
    failureDetail: 'Test tool failed', params: z.strictObject({}),
    async create(params, context) { ${create}; return { run: () => ({ done: true }) }; },
  });`;
  const pipeline = {
    id: 'only',
    name: 'only',
    description: 'Boots in a special way.',
    nodes: [{ id: 'booting', plugin_id: 'test', tool_id: 'boot' }],
    edges: [],
    entry_nodes: ['booting'],
    output_nodes: ['booting'],
  };
  return t.testdir({ pipelines: { 'only.json': JSON.stringify(pipeline) }, tools: { 'boot.mjs': tool } });
}

/** A free port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Loads until the models folder has a file `go`. */
const waitForFile = `
  const { existsSync } = await import('node:fs');
  while (!existsSync(context.modelsDir + '/go')) await new Promise((resolve) => setTimeout(resolve, 20))`;

test('until a worker is ready, /readyz is 503, /healthz is 200, and frames are dropped when their hold ends', async (t) => {
  const modelsDir = modelsWhoseToolDoes(t, waitForFile);
  const port = await freePort();
  const child = spawnCli(['serve'], { MODELS_DIR: modelsDir, PORT: String(port), POOL_WORKERS: '2' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(() => child.kill('SIGKILL'));
  const httpUrl = `http://127.0.0.1:${port}`;
  const look = () => readiness({ httpUrl }).catch(() => undefined);
  const booting = await eventually(look, (seen) => seen !== undefined, 'a response from /readyz');
  t.match(booting, { status: 503, ready: false, draining: false, pool: { size: 2, ready: 0 } });
  t.equal((await fetch(`${httpUrl}/healthz`)).status, 200);
  const client = await StreamClient.open(`ws://127.0.0.1:${port}/ws/video/stream?pipeline_id=only`);
  client.send(encodeGradient(8, 8));
  await client.until(() => client.texts.length > 0);
  t.strictSame(client.texts, ['{"frame_index":0,"dropped":true}']);
  writeFileSync(join(modelsDir, 'go'), '');
  await eventually(look, (seen) => seen?.status === 200, 'readiness');
  t.match(await client.sendUntilStarted(encodeGradient(8, 8)), { result: { done: true } });
  child.kill('SIGTERM');
  t.equal(await client.closed(), 1001);
  t.equal(await ended, 0);
});

test('SIGTERM while workers load exits with code 0', async (t) => {
  const modelsDir = modelsWhoseToolDoes(t, waitForFile);
  const port = await freePort();
  const child = spawnCli(['serve'], { MODELS_DIR: modelsDir, PORT: String(port), POOL_WORKERS: '1' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(() => child.kill('SIGKILL'));
  const look = () => readiness({ httpUrl: `http://127.0.0.1:${port}` }).catch(() => undefined);
  await eventually(look, (seen) => seen !== undefined, 'a response from /readyz');
  child.kill('SIGTERM');
  writeFileSync(join(modelsDir, 'go'), '');
  t.equal(await ended, 0);
});

test('a tool that fails to load exits with code 2 and names pipeline, node and error', async (t) => {
  const MODELS_DIR = modelsWhoseToolDoes(t, `throw new Error('no weights')`);
  const { code, stderr } = await runCli(['serve'], { MODELS_DIR, PORT: '0', POOL_WORKERS: '2', LOG_LEVEL: 'fatal' });
  t.equal(code, 2);
  t.strictSame(stderr.trim().split('\n'), ['framegate: pipeline "only": node "booting": no weights']);
});

for (const [what, create] of [
  ['exits its thread', 'process.exit(3)'],
  ['throws outside its promise', `setImmediate(() => { throw new Error('late') }); await new Promise(() => {})`],
] as const) {
  test(`a tool that ${what} while loading exits with code 2 instead of hanging`, async (t) => {
    const MODELS_DIR = modelsWhoseToolDoes(t, create);
    const { code, stderr } = await runCli(['serve'], { MODELS_DIR, PORT: '0', POOL_WORKERS: '1' }, 20_000);
    t.equal(code, 2);
    t.match(stderr, /^framegate: /m);
  });
}
