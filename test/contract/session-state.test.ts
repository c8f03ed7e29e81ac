/** Tools with state: each session has its own, which survives lost workers and reloads, and is gone with the session. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tap, { type Test, test } from 'tap';
import { countingTool } from '../support/counting-tool.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { type Reply, StreamClient } from '../support/stream-client.ts';
import { makeModelsDir, pipelineFile, testNode } from '../support/temp-models.ts';
import { eventually } from '../support/vital-signs.ts';

const frame = encodeGradient(32, 16);
const counting = (from?: number) => ({
  id: 'count',
  nodes: [testNode('n', 'count', from === undefined ? {} : { from })],
});

async function startCounting(t: Pick<Test, 'teardown'>, modelsDir: string) {
  const gateway = await startGateway({ MODELS_DIR: modelsDir, POOL_WORKERS: '3' });
  t.teardown(() => gateway.kill());
  return gateway;
}

const parts = { pipelines: [counting()], tools: { count: countingTool } };
const gateway = await startCounting(tap, makeModelsDir(tap, parts));
const open = () => StreamClient.open(gateway.streamUrl('count'));

/** Sends a frame that is started at once, and waits for its reply. */
async function answerTo(client: StreamClient, bytes: Uint8Array = frame): Promise<Reply> {
  const count = client.replies.length;
  client.send(bytes);
  await client.until(() => client.replies.length > count);
  return client.replies[count] as Reply;
}

test('state goes from frame to frame of a session, whichever worker runs it, and to no other session', async (t) => {
  const clients = await Promise.all([1, 2, 3, 4, 5].map(open));
  const rounds = 6;
  for (let round = 1; round <= rounds; round++) {
    // All at once, so that workers change hands. Every session has sent frames of its own width.
    const replies = await Promise.all(clients.map((client, i) => client.sendUntilStarted(encodeGradient(20 + i, 16))));
    for (const [i, { result }] of replies.entries())
      t.match(result, { frames: round, sum: round * (20 + i), events: [{ type: 'frame', n: round }] });
  }
  const late = await open();
  t.match(await answerTo(late), { result: { frames: 1, sum: 32, elapsed: null } });
});

test('a session has one frame in flight, although workers are free', async (t) => {
  const client = await open();
  for (let i = 0; i < 4; i++) client.send(encodeGradient(200, 16));
  await client.until(() => client.replies.length === 4);
  const ended = client.with('result').map(({ result }) => (result as { frames: number }).frames);
  t.same(
    ended,
    ended.map((_, index) => index + 1),
    'each that ran began with the state that the one before it had left',
  );
  t.ok(ended.length < 4, `${ended.length} of 4 frames have run`);
});

test('a lost worker loses no state', async (t) => {
  const client = await open();
  t.match(await answerTo(client), { result: { frames: 1 } });
  t.match(await answerTo(client, encodeGradient(13, 16)), { frame_index: 1, dropped: true });
  t.match(await answerTo(client), { frame_index: 2, result: { frames: 2, sum: 64, events: [{ n: 2 }] } });
});

test('time is counted from the last frame that was processed', async (t) => {
  const client = await open();
  const before = Date.now();
  const first = (await answerTo(client))['result'] as { elapsed: null; events: { at_ms: number }[] };
  t.ok((first.events[0]?.at_ms ?? 0) >= before - 1 && (first.events[0]?.at_ms ?? 0) <= Date.now() + 1);
  await answerTo(client, encodeGradient(13, 16));
  const { result } = await client.sendUntilStarted(frame);
  const second = result as { elapsed: number; events: { at_ms: number }[] };
  const between = (second.events[0]?.at_ms ?? 0) - (first.events[0]?.at_ms ?? 0);
  t.ok(Math.abs(second.elapsed - between) <= 1, `${second.elapsed} ms are ${between} ms of the clock`);
});

const failures = [
  [14, 'Test tool failed', /bad frame/],
  [15, 'State of test.count exceeds 64 KB', /exceeds 64 KB/],
  [16, 'State of test.count is invalid', /NaN/],
  [17, 'State of test.count is invalid', /received undefined/],
] as const;

for (const [width, detail, reason] of failures)
  test(`a state that cannot be kept ends the session: ${detail}, frame of width ${width}`, async (t) => {
    const other = await open();
    await answerTo(other);
    const client = await open();
    client.send(encodeGradient(width, 16));
    t.equal(await client.closed(), 1011);
    t.same(client.replies, [{ error: 'pipeline_failure', detail }]);
    await eventually(
      async () => gateway.log(),
      (log) => reason.test(log),
      'the reason in the log',
    );
    t.match(await answerTo(other), { result: { frames: 2 } }, 'another session keeps its own');
  });

test('a frame sent by POST begins with the initial state each time', async (t) => {
  for (let i = 0; i < 2; i++) {
    const reply = await fetch(`${gateway.httpUrl}/frames?pipeline_id=count`, { method: 'POST', body: frame });
    t.match(await reply.json(), { result: { frames: 1, elapsed: null, events: [{ type: 'frame', n: 1 }] } });
  }
});

test('after a reload, the state goes on, unless the tool has changed', async (t) => {
  const modelsDir = makeModelsDir(t, parts);
  const reloaded = await startCounting(t, modelsDir);
  const client = await StreamClient.open(reloaded.streamUrl('count'));
  await answerTo(client);
  const write = (from?: number) =>
    writeFileSync(join(modelsDir, 'pipelines', 'count.json'), JSON.stringify(pipelineFile(counting(from))));
  const reload = () => runCli(['reload', '--url', reloaded.httpUrl]);
  t.match(await reload(), { code: 0 });
  t.match(await client.sendUntilStarted(frame), { result: { frames: 2 } });
  write(100);
  t.match(await reload(), { code: 0 });
  t.match(await client.sendUntilStarted(frame), { result: { frames: 101, sum: 32 } }, 'other params');
  const toolPath = join(modelsDir, 'tools', 'count.mjs');
  writeFileSync(toolPath, readFileSync(toolPath, 'utf8').replace('state.n + 1', 'state.n + 10'));
  t.match(await reload(), { code: 0 });
  t.match(await client.sendUntilStarted(frame), { result: { frames: 110, sum: 32 } }, 'other code');
});

test('sessions show how much their tools remember', async (t) => {
  const client = await open();
  await answerTo(client);
  const { sessions } = (await (await fetch(`${gateway.httpUrl}/sessions`)).json()) as { sessions: object[] };
  t.ok(sessions.length > 0);
  t.match(sessions[0], { pipeline: 'count', state_length: Number });
});
