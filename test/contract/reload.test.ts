/** A reload under load: no reply is lost, no session ends, and no camera gets an older answer than before. A bad one changes nothing. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { type Reply, StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, pipelineFile, testNode } from '../support/temp-models.ts';

const frame = encodeGradient(64, 48);
const reloads = 5;
const cameras = 3;

const versionTool = `
  params: z.object({ version: z.number() }),
  outputs: ['text'],
  create({ version }) {
    if (version < 0) throw new Error('no luck');
    return { run: () => ({ text: String(version) }) };
  },`;

function versioned(id: string, version: number) {
  return { id, nodes: [testNode('n', 'version', { version })] };
}

/** Sends a frame. @returns the reply. */
async function answerTo(client: StreamClient): Promise<Reply> {
  const count = client.replies.length;
  client.send(frame);
  await client.until(() => client.replies.length > count);
  return client.replies[count] as Reply;
}

/** A gateway whose pipeline `plates` answers with the version in its file. */
async function versionedGateway(t: Test, env: Record<string, string> = {}) {
  const modelsDir = makeModelsDir(t, {
    pipelines: [versioned('plates', 1), versioned('pages', 1)],
    tools: { version: versionTool },
  });
  const gateway = await startGateway({ MODELS_DIR: modelsDir, POOL_WORKERS: '2', ...env });
  t.teardown(() => gateway.kill());
  const fileOf = (id: string) => join(modelsDir, 'pipelines', `${id}.json`);
  const write = (id: string, version: number) =>
    writeFileSync(fileOf(id), JSON.stringify(pipelineFile(versioned(id, version))));
  const reload = () => runCli(['reload', '--url', gateway.httpUrl]);
  const readyz = async () => (await fetch(`${gateway.httpUrl}/readyz`)).json();
  return { gateway, fileOf, write, reload, readyz };
}

test('reloads under load lose no reply and end no session, and answers never go back to an older version', async (t) => {
  const { gateway, write, reload, readyz } = await versionedGateway(t);
  const clients = await Promise.all(
    Array.from({ length: cameras }, () => StreamClient.open(gateway.streamUrl('plates'))),
  );
  let isOver = false;
  const run = async (client: StreamClient) => {
    const replies: Reply[] = [];
    while (!isOver) replies.push(await answerTo(client));
    return replies;
  };
  const answers = clients.map(run);
  for (let version = 2; version <= reloads + 1; version++) {
    write('plates', version);
    t.match(await reload(), { code: 0, stdout: `reloaded: generation ${version}\n` });
  }
  t.match(await readyz(), { generation: reloads + 1, reloads: { succeeded: reloads, failed: 0, issues: [] } });
  isOver = true;
  for (const replies of await Promise.all(answers)) {
    // Cameras without a pause between frames may be dropped, as at any other time.
    t.ok(replies.every((reply) => 'result' in reply || reply['dropped'] === true));
    t.strictSame(
      replies.map(({ frame_index }) => frame_index),
      replies.map((_, index) => index),
      'every frame has its reply',
    );
    const versions = replies.flatMap(({ result }) =>
      result === undefined ? [] : [Number((result as { text: string }).text)],
    );
    t.strictSame(
      versions,
      versions.toSorted((a, b) => a - b),
    );
    t.equal(new Set(versions).size > 1, true, 'several versions have answered');
  }
  const last = await StreamClient.open(gateway.streamUrl('plates'));
  t.match(await answerTo(last), { result: { text: String(reloads + 1) } });
});

test('a bad set changes nothing and says why, in the command, the log and /readyz', async (t) => {
  const { gateway, fileOf, write, reload, readyz } = await versionedGateway(t, { POOL_WORKERS: '1' });
  const client = await StreamClient.open(gateway.streamUrl('plates'));
  writeFileSync(fileOf('plates'), '{');
  const refused = await reload();
  t.match(refused, { code: 1, stderr: /plates\.json: is not JSON.*\n.*nothing has changed/ });
  t.match(await readyz(), { ready: true, generation: 1, reloads: { failed: 1, issues: [/is not JSON/] } });
  write('plates', -1);
  t.match(await reload(), { code: 1, stderr: /no luck/ });
  t.match(await answerTo(client), { result: { text: '1' } });
  write('plates', 2);
  t.match(await reload(), { code: 0 });
  t.match(await answerTo(client), { frame_index: 1, result: { text: '2' } });
  t.match(await readyz(), { reloads: { succeeded: 1, failed: 2, issues: [] } });
});

test('new pipelines are served, and sessions of removed ones end with their error', async (t) => {
  const { gateway, fileOf, write, reload } = await versionedGateway(t, { POOL_WORKERS: '1' });
  const client = await StreamClient.open(gateway.streamUrl('pages'));
  rmSync(fileOf('pages'));
  write('faces', 7);
  t.match(await reload(), { code: 0 });
  t.equal(await client.closed(), 1008);
  t.strictSame(client.replies, [{ error: 'invalid_pipeline', detail: 'Unknown pipeline_id: pages' }]);
  const added = await StreamClient.open(gateway.streamUrl('faces'));
  t.match(await answerTo(added), { result: { text: '7' } });
  const { pipelines } = (await (await fetch(`${gateway.httpUrl}/pipelines`)).json()) as { pipelines: { id: string }[] };
  t.strictSame(pipelines.map(({ id }) => id).toSorted(), ['faces', 'plates']);
});

test('reload says so if there is no gateway to reload', async (t) => {
  t.match(await runCli(['reload', '--url', 'http://127.0.0.1:1']), { code: 2, stderr: /no gateway answers at/ });
  const { gateway } = await versionedGateway(t, { POOL_WORKERS: '1', ADMIN_PORT: '0' });
  t.match(await runCli(['reload', '--url', gateway.httpUrl]), { code: 2, stderr: /ADMIN_PORT/ });
});
