/** Each event becomes one line with its level and the same keys everywhere. */
import { test } from 'tap';
import { logEvents } from '../../../src/observe/event-log.ts';
import { createLog } from '../../../src/observe/log.ts';
import { type FrameReport, Observers, type Source } from '../../../src/observe/observer.ts';

const source: Source = { sessionId: 's1', camera: 'gate', pipelineId: 'echo', address: '192.0.2.1' };
const names = { session: 's1', camera: 'gate', pipeline: 'echo', address: '192.0.2.1' };
const request: Source = { ...source, sessionId: undefined };

function observed(slowFrameMs?: number) {
  const lines: Record<string, unknown>[] = [];
  const ignore = () => undefined;
  const writer = { write: (line: string) => void lines.push(JSON.parse(line)), flush: ignore, flushSync: ignore };
  const observers = new Observers();
  logEvents(observers, createLog({ level: 'info', writer }), slowFrameMs === undefined ? {} : { slowFrameMs });
  return { observers, lines };
}

const frame: FrameReport = {
  ...{ frameIndex: 7, byteLength: 50_000, replyBytes: 100, validateMs: 0.04, holdMs: 800.26, totalMs: 2100.04 },
  end: { type: 'result', timings: { decode: 1.23, total: 1299.96 } },
};

test('a session from its connection to its end', async (t) => {
  const { observers, lines } = observed();
  observers.emit('sessionOpened', source);
  const dropReasons = { slow_reader: 3 };
  observers.emit('stateChanged', source, { before: 'normal', state: 'warning', rate: 0.12345, dropReasons });
  observers.emit('sessionFailed', source, { code: 'invalid_frame', detail: 'd', reason: 'r', frameIndex: 3 });
  observers.emit('sessionFailed', source, { code: 'pipeline_failure', detail: 'd', reason: 'r', frameIndex: 4 });
  observers.emit('sessionEnded', source, {
    ...{ by: 'gateway', closeCode: 1007, closeReason: '', error: { code: 'invalid_frame', detail: 'd' } },
    status: {
      ...{ id: 's1', camera: 'gate', address: '192.0.2.1', pipeline: 'echo', connected_s: 1.5, frames: 4, results: 2 },
      ...{ dropped: 1, drop_reasons: { busy: 1 }, slow_downs: 0, received_bytes: 9, service_ms: 5, round_trip_ms: 1 },
    },
  });
  const ended = { ended_by: 'gateway', close_code: 1007, error: 'invalid_frame', seconds: 1.5, frames: 4, results: 2 };
  const totals = { drop_reasons: { busy: 1 }, slow_downs: 0, service_ms: 5, round_trip_ms: 1, received_bytes: 9 };
  t.match(lines, [
    { level: 30, event: 'stream_connect', ...names },
    {
      level: 30,
      event: 'stream_state',
      ...names,
      before: 'normal',
      state: 'warning',
      drop_rate: 0.123,
      drop_reasons: dropReasons,
    },
    { level: 30, event: 'stream_error', ...names, frame_index: 3, code: 'invalid_frame', reason: 'r' },
    { level: 50, event: 'stream_error', ...names, frame_index: 4, code: 'pipeline_failure' },
    { level: 30, event: 'stream_disconnect', ...names, ...ended, ...totals },
  ]);
  t.notOk('close_reason' in (lines.at(-1) ?? {}));
});

test('refusals name their endpoint, and their text is limited', async (t) => {
  const { observers, lines } = observed();
  const names = { address: '192.0.2.1', camera: undefined, code: 'invalid_pipeline', detail: 'Unknown' } as const;
  observers.emit('refused', { endpoint: 'stream', ...names, pipelineId: 'x'.repeat(30_000) });
  observers.emit('refused', { endpoint: 'frames', ...names, pipelineId: undefined });
  t.match(lines, [
    { level: 40, event: 'stream_refused', code: 'invalid_pipeline', detail: 'Unknown', pipeline: /^x{1000}…$/ },
    { level: 40, event: 'frame_refused', address: '192.0.2.1' },
  ]);
});

test('a slow frame is logged with its stages, if that is on', async (t) => {
  for (const [slowFrameMs, count] of [
    [0, 0],
    [2100, 1],
    [2101, 0],
    [undefined, 0],
  ] as const) {
    const { observers, lines } = observed(slowFrameMs);
    observers.emit('frameEnded', source, frame);
    t.equal(lines.length, count, `${slowFrameMs} ms`);
  }
  const { observers, lines } = observed(1000);
  observers.emit('frameEnded', source, frame);
  const times = { total_ms: 2100, hold_ms: 800.3, validate_ms: 0, bytes: 50_000 };
  t.match(lines, [{ level: 40, event: 'frame_slow', ...names, ...times, stages_ms: { decode: 1.2, total: 1300 } }]);
});

test('failed frames of requests are logged; those of sessions are in stream_error', async (t) => {
  const { observers, lines } = observed();
  const failed = (code: 'invalid_frame' | 'pipeline_failure') =>
    ({ ...frame, end: { type: 'failed', code, detail: 'd', reason: 'r' } }) as const;
  observers.emit('frameEnded', source, failed('pipeline_failure'));
  observers.emit('frameEnded', request, failed('pipeline_failure'));
  observers.emit('frameEnded', request, failed('invalid_frame'));
  observers.emit('frameEnded', request, { ...frame, end: { type: 'dropped', reason: 'busy' } });
  t.match(lines, [
    { level: 50, event: 'frame_error', camera: 'gate', frame_index: 7, code: 'pipeline_failure', reason: 'r' },
    { level: 30, event: 'frame_error', code: 'invalid_frame' },
  ]);
  t.equal(lines.length, 2);
});

test('workers and their frames', async (t) => {
  const { observers, lines } = observed();
  observers.emit('workerReady', { bootMs: 512.4, pipelines: ['echo'] });
  observers.emit('frameTimedOut', { source, frameIndex: 7 });
  observers.emit('workerTerminated');
  observers.emit('workerExited', { error: new Error('gone'), frame: { source, frameIndex: 7 } });
  observers.emit('workerExited', { error: new Error('gone'), frame: undefined });
  t.match(lines, [
    { level: 30, event: 'worker_ready', boot_ms: 512, pipelines: ['echo'] },
    { level: 50, event: 'frame_timeout', ...names, frame_index: 7 },
    { level: 50, event: 'worker_stuck' },
    { level: 50, event: 'worker_exit', ...names, frame_index: 7, err: { message: 'gone' } },
    { level: 50, event: 'worker_exit', err: { message: 'gone' } },
  ]);
});
