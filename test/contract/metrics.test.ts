/** `GET /metrics` of a running gateway: what happens to frames, sessions and workers is counted once. */
import tap, { test } from 'tap';
import { parseExposition, scrape, seriesValue } from '../support/exposition.ts';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually } from '../support/vital-signs.ts';

const frame = encodeGradient(16, 16);
const gateway = await startGateway({ POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

const value = async (series: string) => seriesValue(await scrape(gateway.httpUrl), series);
/** Waits until a series has this value: a session is counted as ended when its socket has closed. */
const reaches = (series: string, expected: number) =>
  eventually(
    () => value(series),
    (seen) => seen === expected,
    `${series} ${expected}`,
  );

test('the reply is in the text format, and complete before the first frame', async (t) => {
  const response = await fetch(`${gateway.httpUrl}/metrics`);
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(response.headers.get('cache-control'), 'no-store');
  const metrics = parseExposition(await response.text());
  for (const reason of ['busy', 'displaced', 'expired', 'worker_lost'])
    t.equal(seriesValue(metrics, `framegate_frames_total{pipeline="echo",outcome="dropped",reason="${reason}"}`), 0);
  t.equal(seriesValue(metrics, 'framegate_workers{state="ready"}'), 1);
  t.equal(seriesValue(metrics, 'framegate_worker_boot_duration_seconds_count'), 1);
});

test('a session and its frames are counted', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  for (let sent = 0; sent < 3; sent++) await client.sendUntilStarted(frame);
  t.equal(await value('framegate_sessions{pipeline="echo",state="normal"}'), 1);
  client.send(new Uint8Array([1, 2, 3]));
  t.equal(await client.closed(), 1007);
  await reaches('framegate_sessions_ended_total{pipeline="echo",by="gateway",error="invalid_frame"}', 1);
  const metrics = await scrape(gateway.httpUrl);
  const of = (series: string) => seriesValue(metrics, series.replace('{', '{pipeline="echo",').replace(',}', '}'));
  t.equal(of('framegate_sessions{state="normal"}'), 0);
  t.equal(of('framegate_sessions_opened_total{}'), 1);
  t.equal(of('framegate_frames_total{outcome="error",reason="invalid_frame"}'), 1);
  t.equal(of('framegate_frame_duration_seconds_count{}'), of('framegate_frames_total{outcome="result",reason=""}'));
  t.equal(of('framegate_frames_received_total{}'), client.with('result').length + client.with('dropped').length + 1);
  const outcomes = metrics.get('framegate_frames_total')?.series ?? new Map<string, number>();
  const ended = [...outcomes]
    .filter(([series]) => series.includes('"echo"'))
    .reduce((sum, [, count]) => sum + count, 0);
  t.equal(ended, of('framegate_frames_received_total{}'));
});

test('a frame of POST /frames is counted too, rejected or not', async (t) => {
  const before = await value('framegate_frames_received_total{pipeline="echo"}');
  for (const [body, status] of [
    [frame, 200],
    [Buffer.from('no image'), 400],
  ] as const) {
    const response = await fetch(`${gateway.httpUrl}/frames?pipeline_id=echo`, { method: 'POST', body });
    t.equal(response.status, status);
    await response.arrayBuffer();
  }
  t.equal(await value('framegate_frames_received_total{pipeline="echo"}'), before + 2);
  t.equal(await value('framegate_http_sessions'), 1);
});

test('an unknown pipeline is counted as a refusal, and does not become a label', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('unheard-of'));
  await client.closed();
  t.equal(await value('framegate_refused_total{code="invalid_pipeline"}'), 1);
  t.notMatch(await (await fetch(`${gateway.httpUrl}/metrics`)).text(), /unheard-of/);
});

test('a lost worker is counted, and its frame as dropped', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('dying'));
  client.send(frame);
  await client.until(() => client.with('dropped').length === 1);
  t.equal(await value('framegate_frames_total{pipeline="dying",outcome="dropped",reason="worker_lost"}'), 1);
  t.equal(await value('framegate_worker_exits_total'), 1);
  await reaches('framegate_worker_boot_duration_seconds_count', 2);
  await client.close();
  await reaches('framegate_sessions_ended_total{pipeline="dying",by="client",error=""}', 1);
});

test('once nothing is sent, nothing is running, held or open', async (t) => {
  await eventually(
    () => value('framegate_sessions{pipeline="echo",state="normal"}'),
    (open) => open === 0,
    'no session',
  );
  for (const name of ['framegate_running_frames', 'framegate_held_frames', 'framegate_frame_memory_bytes'])
    t.equal(await value(name), 0, name);
});
