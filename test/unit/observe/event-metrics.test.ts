/** Events become counts: each frame, session, refusal and worker once, with bounded labels that are there from the start. */
import { test } from 'tap';
import { eventMetrics } from '../../../src/observe/event-metrics.ts';
import { Metrics } from '../../../src/observe/metrics.ts';
import { type FrameEnd, Observers } from '../../../src/observe/observer.ts';
import { dropReasons } from '../../../src/status.ts';
import { parseExposition, seriesValue } from '../../support/exposition.ts';
import { sourceOf } from '../../support/started-pool.ts';

function observed() {
  const observers = new Observers();
  const metrics = new Metrics();
  const nodes = new Map([
    ['detect', {}],
    ['read', {}],
  ]);
  const counted = eventMetrics(observers, [{ id: 'plates', nodes }]);
  metrics.add(counted.metrics);
  const read = async () => parseExposition(await metrics.text());
  return {
    observers,
    setPipelines: counted.setPipelines,
    text: () => metrics.text(),
    read,
    value: async (series: string) => seriesValue(await read(), series),
  };
}

const plates = sourceOf('plates');
const times = { frameIndex: 0, byteLength: 1000, replyBytes: 50, validateMs: 0.05, holdMs: 3, totalMs: 40 };
const result: FrameEnd = { type: 'result', timings: { encode: 0.02, decode: 1.5, detect: 12, read: 7, total: 20.5 } };

test('every series is there from the start, at zero', async (t) => {
  const metrics = await observed().read();
  t.ok(metrics.size > 10);
  for (const [name, { series }] of metrics) {
    t.ok(series.size > 0, name);
    for (const [each, value] of series) t.equal(value, 0, each);
  }
  for (const reason of dropReasons)
    t.equal(seriesValue(metrics, `framegate_frames_total{pipeline="plates",outcome="dropped",reason="${reason}"}`), 0);
});

test('a frame is counted once by its outcome, and as received', async (t) => {
  const { observers, value } = observed();
  const ends: FrameEnd[] = [
    result,
    { type: 'dropped', reason: 'expired' },
    { type: 'failed', code: 'pipeline_failure', detail: '', reason: '' },
  ];
  for (const end of ends) {
    observers.emit('frameReceived', plates, 1000);
    observers.emit('frameEnded', plates, { ...times, end });
  }
  t.equal(await value('framegate_frames_received_total{pipeline="plates"}'), 3);
  t.equal(await value('framegate_received_bytes_total{pipeline="plates"}'), 3000);
  t.equal(await value('framegate_sent_bytes_total{pipeline="plates"}'), 150);
  for (const outcome of ['outcome="result",reason=""', 'outcome="dropped",reason="expired"'])
    t.equal(await value(`framegate_frames_total{pipeline="plates",${outcome}}`), 1);
  t.equal(await value('framegate_frames_total{pipeline="plates",outcome="error",reason="pipeline_failure"}'), 1);
});

test('times of results are in seconds, per stage and from arrival to reply', async (t) => {
  const { observers, value } = observed();
  observers.emit('frameEnded', plates, { ...times, end: result });
  observers.emit('frameEnded', plates, { ...times, end: { type: 'dropped', reason: 'busy' } });
  t.equal(await value('framegate_frame_duration_seconds_sum{pipeline="plates"}'), 0.04);
  t.equal(await value('framegate_frame_duration_seconds_count{pipeline="plates"}'), 1);
  const seconds = { validate: 0.00005, hold: 0.003, decode: 0.0015, detect: 0.012, read: 0.007, encode: 0.00002 };
  for (const [stage, expected] of Object.entries({ ...seconds, total: 0.0205 })) {
    const sum = await value(`framegate_stage_duration_seconds_sum{pipeline="plates",stage="${stage}"}`);
    t.ok(Math.abs(sum - expected) < 1e-9, `${stage}: ${sum}`);
  }
});

test('sessions are counted when they open, when they end, and when they become critical', async (t) => {
  const { observers, value } = observed();
  const status = { id: '', address: '', pipeline: 'plates', connected_s: 1, frames: 0, results: 0, dropped: 0 };
  const end = {
    closeCode: 1,
    closeReason: '',
    status: { ...status, drop_reasons: {}, slow_downs: 0, received_bytes: 0 },
  };
  for (let opened = 0; opened < 4; opened++) observers.emit('sessionOpened', plates);
  const error = { code: 'slow_reader', detail: '' } as const;
  observers.emit('sessionEnded', plates, { ...end, by: 'client', error: undefined });
  observers.emit('sessionEnded', plates, { ...end, by: 'network', error: undefined });
  observers.emit('sessionEnded', plates, { ...end, by: 'gateway', error: undefined });
  observers.emit('sessionEnded', plates, { ...end, by: 'gateway', error });
  observers.emit('stateChanged', plates, { before: 'normal', state: 'warning', rate: 0.2, dropReasons: {} });
  observers.emit('stateChanged', plates, { before: 'warning', state: 'critical', rate: 0.4, dropReasons: {} });
  observers.emit('slowDownSent', plates);
  t.equal(await value('framegate_sessions_opened_total{pipeline="plates"}'), 4);
  for (const labels of ['client",error="', 'network",error="', 'gateway",error="', 'gateway",error="slow_reader'])
    t.equal(await value(`framegate_sessions_ended_total{pipeline="plates",by="${labels}"}`), 1, labels);
  t.equal(await value('framegate_sessions_critical_total{pipeline="plates"}'), 1);
  t.equal(await value('framegate_slow_downs_total{pipeline="plates"}'), 1);
});

test('workers, timeouts and refusals are counted', async (t) => {
  const { observers, value } = observed();
  observers.emit('workerReady', { bootMs: 1500, pipelines: ['plates'] });
  observers.emit('workerExited', { error: new Error('lost'), frame: undefined });
  observers.emit('workerTerminated');
  observers.emit('frameTimedOut', { source: plates, frameIndex: 0 });
  t.equal(await value('framegate_worker_boot_duration_seconds_sum'), 1.5);
  t.equal(await value('framegate_worker_exits_total'), 1);
  t.equal(await value('framegate_workers_terminated_total'), 1);
  t.equal(await value('framegate_frame_timeouts_total{pipeline="plates"}'), 1);
});

test('nothing that a peer sends becomes a label', async (t) => {
  const { observers, text, value } = observed();
  const names = { address: '192.0.2.99', camera: 'the camera', detail: 'the detail' };
  observers.emit('refused', { ...names, endpoint: 'stream', pipelineId: 'unheard-of', code: 'invalid_pipeline' });
  observers.emit('frameReceived', { ...plates, ...names, pipelineId: 'unheard-of' }, 1);
  observers.emit('frameEnded', { ...plates, ...names }, { ...times, end: result });
  t.equal(await value('framegate_refused_total{code="invalid_pipeline"}'), 1);
  const exposed = await text();
  for (const word of ['192.0.2.99', 'the camera', 'the detail', 'unheard-of', 'the session'])
    t.notOk(exposed.includes(word), word);
});

test('after a reload, a pipeline that stays goes on counting, a new one starts at zero, and a removed one is gone', async (t) => {
  const { observers, setPipelines, value, text } = observed();
  observers.emit('frameEnded', plates, { ...times, end: result });
  setPipelines([
    { id: 'plates', nodes: new Map([['detect', {}]]) },
    { id: 'pages', nodes: new Map() },
  ]);
  const results = (id: string) => value(`framegate_frames_total{pipeline="${id}",outcome="result",reason=""}`);
  const stage = 'framegate_stage_duration_seconds_count{pipeline="plates",stage="detect"}';
  t.strictSame([await results('plates'), await results('pages'), await value(stage)], [1, 0, 1]);
  setPipelines([{ id: 'pages', nodes: new Map() }]);
  t.notMatch(await text(), /pipeline="plates"/);
});
