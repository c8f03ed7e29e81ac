/** `pipeline_failure`: a pipeline that throws, times out, kills its worker, or returns something that cannot be serialized. */
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { idle } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);

const gateway = await startGateway({ POOL_WORKERS: '2', STREAM_FRAME_TIMEOUT_MS: '1000' });
tap.teardown(() => gateway.kill());

for (const [pipelineId, what, detail] of [
  ['failing', 'throws', 'Test tool failed'],
  ['hanging', 'times out', 'Pipeline timed out'],
  ['unwritable', 'returns a result that cannot be serialized as JSON', 'Output number of test.unwritable is not JSON'],
] as const) {
  test(`a pipeline that ${what} gets pipeline_failure and 1011, once`, async (t) => {
    const client = await StreamClient.open(gateway.streamUrl(pipelineId));
    client.send(frame);
    t.equal(await client.closed(), 1011);
    t.strictSame(client.texts, [`{"error":"pipeline_failure","detail":"${detail}"}`]);
    await idle(gateway);
  });
}

test('a pipeline that kills its second worker gets pipeline_failure and 1011, once', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('dying'));
  await client.sendUntilStarted(frame).catch(() => undefined);
  t.equal(await client.closed(), 1011);
  t.equal(client.texts[0], '{"frame_index":0,"dropped":true}', 'the first loss is not attributed to the frame');
  t.equal(client.texts.at(-1), '{"error":"pipeline_failure","detail":"Worker stopped unexpectedly"}');
  t.equal(client.with('error').length, 1);
  await idle(gateway);
});

test('several frames in flight in a failing pipeline end the session with one error', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('failing'));
  for (let i = 0; i < 10; i++) client.send(frame);
  t.equal(await client.closed(), 1011);
  t.equal(client.with('error').length, 1);
  t.match(client.texts.at(-1), /^\{"error"/, 'nothing is sent after the error');
  t.equal(client.with('result').length, 0);
});

test('the reason is in the log for the operator', async (t) => {
  t.match(gateway.log(), /\/secret\/path: the tool failed on purpose/);
  t.match(gateway.log(), /died on purpose/);
});

test('later sessions are served normally', async (t) => {
  await idle(gateway);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  t.match(await client.sendUntilStarted(frame), { frame_index: 0, result: { width: 64 } });
  t.equal(await client.close(), 1005);
});
