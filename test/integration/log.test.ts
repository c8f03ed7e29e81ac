/** The log of a real gateway: JSON lines with known events, whatever happens, and readable lines on request. */
import { connect } from 'node:net';
import { test } from 'tap';
import { eventNames } from '../../src/observe/event-names.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually } from '../support/vital-signs.ts';

type Line = Record<string, unknown>;

const linesOf = (log: string) =>
  log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('each way in which a session ends has its line, and every line has a known event', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_FRAME_SIZE_MB: '0.01', LOG_SLOW_FRAME_MS: '1' });
  t.teardown(() => gateway.kill());
  const open = (camera: string, pipeline = 'echo') =>
    StreamClient.open(`${gateway.streamUrl(pipeline)}&camera=${camera}&token=secret`);
  const closed = async (camera: string, act: (client: StreamClient) => unknown) => {
    const client = await open(camera);
    act(client);
    await client.closed();
  };
  await closed('left', (client) => client.close());
  await closed('text', (client) => client.send('text'));
  await closed('huge', (client) => client.send(new Uint8Array(100_000)));
  const slow = await open('slow', 'slow');
  await slow.sendUntilStarted(encodeGradient(16, 16));
  await closed('nope', (client) => client.send(encodeGradient(16, 16).subarray(0, -2)));
  await (await open('refused', 'nope')).closed();
  await fetch(`${gateway.httpUrl}/frames?pipeline_id=echo&camera=http`, { method: 'POST', body: 'x' });
  const protocol = connect(gateway.port, '127.0.0.1');
  protocol.write(
    'GET /ws/video/stream?pipeline_id=echo&camera=broken HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  protocol.once('data', () => protocol.write(new Uint8Array(16).fill(0xff)));
  await eventually(
    () => gateway.log(),
    (log) => log.split('stream_disconnect').length > 5,
    'the ends of five sessions',
  );
  protocol.destroy();
  await gateway.stop();
  const lines = linesOf(gateway.log());
  for (const { event } of lines) t.ok((eventNames as readonly unknown[]).includes(event), String(event));
  const ends = Object.fromEntries(
    lines.filter(({ event }) => event === 'stream_disconnect').map((line) => [String(line['camera']), line]),
  );
  t.match(ends, {
    left: { ended_by: 'client', close_code: 1005, frames: 0 },
    text: { ended_by: 'gateway', error: 'invalid_message' },
    huge: { ended_by: 'network', close_code: 1006, close_reason: 'Received too big message' },
    nope: { ended_by: 'gateway', error: 'invalid_frame', frames: 1 },
    broken: { ended_by: 'network', close_code: 1006, close_reason: 'Received invalid WebSocket frame' },
    slow: { ended_by: 'gateway' },
  });
  const has = (wanted: Line) =>
    t.ok(
      lines.some((line) => Object.entries(wanted).every(([key, value]) => line[key] === value)),
      JSON.stringify(wanted),
    );
  has({ event: 'stream_error', camera: 'nope', frame_index: 0, code: 'invalid_frame' });
  has({ event: 'stream_refused', camera: 'refused', code: 'invalid_pipeline' });
  has({ event: 'frame_refused', camera: 'http', code: 'invalid_message' });
  has({ event: 'frame_slow', camera: 'slow' });
  has({ event: 'stopped' });
  t.notMatch(gateway.log(), /secret/);
});

test('an execution provider that cannot be used is a line of the log, not raw text', async (t) => {
  const gateway = await startGateway({
    ...{ POOL_WORKERS: '1', MODELS_DIR: shippedModels, ORT_PROVIDERS: 'cuda,cpu', HOST: '::' },
  });
  t.teardown(() => gateway.kill());
  await gateway.stop();
  const lines = linesOf(gateway.log());
  t.match(
    lines.filter(({ event }) => event === 'provider_unavailable'),
    [{ provider: 'cuda', fix: /framegate gpu install|driver/ }],
  );
  const ready = lines.find(({ event }) => event === 'ready');
  t.match(ready, { host: '::', url: /^ws:\/\/\[::1\]:\d+\//, page: /^http:\/\/\[::1\]:\d+\/$/ });
});
