/** Metrics that are counted: from the events of sessions, pool and server. Main thread. */
import type { HttpErrorCode, StreamErrorCode } from '../errors.ts';
import { BucketCounts, type Metric, type Sample, single } from './metric.ts';
import type { Observers, Source } from './observer.ts';
import { type MeasuredPipeline, PipelineCounts } from './pipeline-counts.ts';

const msPerSecond = 1000;

/** In seconds. Models of a GPU provider may compile for minutes. */
const bootBounds = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300];

/** Reasons to refuse a connection, or a request to `POST /frames`. */
const refusalCodes = [
  'invalid_pipeline',
  'invalid_message',
  'frame_too_large',
  'server_busy',
  'too_many_requests',
  'request_timeout',
  'unauthorized',
  'forbidden',
] as const satisfies readonly (StreamErrorCode | HttpErrorCode)[];

export interface EventMetrics {
  readonly metrics: readonly Metric[];
  /** After a reload: a pipeline that stays goes on counting, and a removed one is gone. */
  setPipelines(pipelines: readonly MeasuredPipeline[]): void;
}

/** Subscribes to the events. Labels come from the pipeline files and the lists of codes, never from a peer. */
export function eventMetrics(observers: Observers, pipelines: readonly MeasuredPipeline[]): EventMetrics {
  const counts = new Map<string, PipelineCounts>();
  const setPipelines = (next: readonly MeasuredPipeline[]) => {
    const kept = new Map(counts);
    counts.clear();
    for (const { id, nodes } of next) {
      const ofPipeline = kept.get(id) ?? new PipelineCounts();
      ofPipeline.setNodes(nodes);
      counts.set(id, ofPipeline);
    }
  };
  setPipelines(pipelines);
  const count = ({ pipelineId }: Source, change: (counts: PipelineCounts) => void) => {
    const ofPipeline = counts.get(pipelineId);
    if (ofPipeline !== undefined) change(ofPipeline);
  };
  observers.on('frameReceived', (source, byteLength) => counts.get(source.pipelineId)?.frameReceived(byteLength));
  observers.on('frameEnded', (source, report) => counts.get(source.pipelineId)?.frameEnded(report));
  observers.on('frameTimedOut', ({ source }) => count(source, (of) => (of.timeouts += 1)));
  observers.on('sessionOpened', (source) => count(source, (of) => (of.opened += 1)));
  observers.on('sessionEnded', (source, { by, error }) => count(source, (of) => of.sessionEnded(by, error?.code)));
  observers.on('slowDownSent', (source) => count(source, (of) => (of.slowDowns += 1)));
  observers.on('stateChanged', (source, { state }) => {
    if (state === 'critical') count(source, (of) => (of.becameCritical += 1));
  });
  const metrics = [...frameMetrics(counts), ...sessionMetrics(counts), refusalMetric(observers)];
  return { metrics: [...metrics, ...workerMetrics(observers)], setPipelines };
}

type CountsByPipeline = ReadonlyMap<string, PipelineCounts>;

/** A counter with one series per pipeline. */
function perPipeline(
  counts: CountsByPipeline,
  name: string,
  help: string,
  value: (counts: PipelineCounts) => number,
): Metric {
  const read = () => Array.from(counts, ([pipeline, of]) => ({ labels: { pipeline }, value: value(of) }));
  return { name, type: 'counter', help, read };
}

/** Samples of all pipelines. */
function readAll(counts: CountsByPipeline, read: (pipeline: string, counts: PipelineCounts) => Sample[]): Sample[] {
  return Array.from(counts, ([pipeline, of]) => read(pipeline, of)).flat();
}

function frameMetrics(counts: CountsByPipeline): Metric[] {
  const duration = 'framegate_frame_duration_seconds';
  const stageDuration = 'framegate_stage_duration_seconds';
  return [
    perPipeline(counts, 'framegate_frames_received_total', 'Frames received.', (of) => of.received),
    {
      name: 'framegate_frames_total',
      type: 'counter',
      help: 'Frames that have ended, by outcome. reason is the drop reason or the error code; empty for results.',
      read: () => readAll(counts, outcomes),
    },
    perPipeline(counts, 'framegate_received_bytes_total', 'Bytes of frames received.', (of) => of.receivedBytes),
    perPipeline(counts, 'framegate_sent_bytes_total', 'Bytes of replies to frames.', (of) => of.sentBytes),
    {
      name: duration,
      type: 'histogram',
      help: 'Time from the arrival of a frame until its result was sent.',
      read: () => readAll(counts, (pipeline, { frameSeconds }) => frameSeconds.samples(duration, { pipeline })),
    },
    {
      name: stageDuration,
      type: 'histogram',
      help: 'Time per stage of frames with a result. total is the pipeline: decode and all nodes.',
      read: () =>
        readAll(counts, (pipeline, { stageSeconds }) =>
          [...stageSeconds].flatMap(([stage, seconds]) => seconds.samples(stageDuration, { pipeline, stage })),
        ),
    },
    perPipeline(counts, 'framegate_frame_timeouts_total', 'Frames that timed out.', (of) => of.timeouts),
  ];
}

function outcomes(pipeline: string, { results, dropped, failed }: PipelineCounts): Sample[] {
  const sample = (outcome: string, reason: string, value: number) => ({ labels: { pipeline, outcome, reason }, value });
  return [
    sample('result', '', results),
    ...Array.from(dropped, ([reason, value]) => sample('dropped', reason, value)),
    ...Array.from(failed, ([code, value]) => sample('error', code, value)),
  ];
}

function sessionMetrics(counts: CountsByPipeline): Metric[] {
  return [
    perPipeline(counts, 'framegate_sessions_opened_total', 'Sessions opened.', (of) => of.opened),
    {
      name: 'framegate_sessions_ended_total',
      type: 'counter',
      help: 'Sessions ended, by who ended them and the error that was sent; empty without an error.',
      read: () => readAll(counts, endings),
    },
    perPipeline(
      counts,
      'framegate_sessions_critical_total',
      'Times that a session entered the state critical.',
      (of) => of.becameCritical,
    ),
    perPipeline(counts, 'framegate_slow_downs_total', 'slow_down messages sent.', (of) => of.slowDowns),
  ];
}

function endings(pipeline: string, { endedByClient, endedByNetwork, endedByGateway }: PipelineCounts): Sample[] {
  const sample = (by: string, error: string, value: number) => ({ labels: { pipeline, by, error }, value });
  return [
    sample('client', '', endedByClient),
    sample('network', '', endedByNetwork),
    ...Array.from(endedByGateway, ([error, value]) => sample('gateway', error, value)),
  ];
}

function refusalMetric(observers: Observers): Metric {
  const refused = new Map<string, number>(refusalCodes.map((code) => [code, 0]));
  observers.on('refused', ({ code }) => refused.set(code, (refused.get(code) ?? 0) + 1));
  return {
    name: 'framegate_refused_total',
    type: 'counter',
    help: 'Connections and HTTP requests that were refused, by error code.',
    read: () => Array.from(refused, ([code, value]) => ({ labels: { code }, value })),
  };
}

function workerMetrics(observers: Observers): Metric[] {
  const boots = new BucketCounts(bootBounds);
  const bootDuration = 'framegate_worker_boot_duration_seconds';
  let exits = 0;
  let terminated = 0;
  observers.on('workerReady', ({ bootMs }) => boots.observe(bootMs / msPerSecond));
  observers.on('workerExited', () => (exits += 1));
  observers.on('workerTerminated', () => (terminated += 1));
  return [
    {
      name: bootDuration,
      type: 'histogram',
      help: 'Time from the start of a worker until it was ready. The count is the number of workers started.',
      read: () => boots.samples(bootDuration),
    },
    single('counter', 'framegate_worker_exits_total', 'Workers that exited unexpectedly.', () => exits),
    single('counter', 'framegate_workers_terminated_total', 'Stuck threads that were terminated.', () => terminated),
  ];
}
