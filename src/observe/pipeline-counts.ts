/** Counts and times of one pipeline, as plain numbers, since they change with every frame. Main thread. */
import type { StreamErrorCode } from '../errors.ts';
import { dropReasons, type EndedBy } from '../status.ts';
import { BucketCounts } from './metric.ts';
import type { FrameReport } from './observer.ts';

/** A pipeline, as far as its metrics need to know it. */
export interface MeasuredPipeline {
  readonly id: string;
  readonly nodes: ReadonlyMap<string, unknown>;
}

const msPerSecond = 1000;

/** In seconds: a check takes microseconds, and a page of text takes seconds. */
const stageBounds = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** In seconds. Finer where the latency of live cameras usually is. */
const frameBounds = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5, 10];

/** Only frames that have run on another host have it. */
const networkStage = 'network';

/** Errors of a frame: of the check on arrival, and of the pipeline. */
const frameErrors = [
  'invalid_frame',
  'frame_too_large',
  'pipeline_failure',
  'internal_error',
] as const satisfies readonly StreamErrorCode[];

/** Errors that end a session. */
const sessionErrors = [
  ...frameErrors,
  'invalid_message',
  'server_busy',
  'slow_reader',
  'idle_timeout',
  'rate_limited',
  'invalid_pipeline',
  'unauthorized',
  'forbidden',
] as const satisfies readonly StreamErrorCode[];

/** Counts by key. Every known key is there from the start. */
class Counts extends Map<string, number> {
  constructor(keys: readonly string[]) {
    super(keys.map((key) => [key, 0]));
  }

  add(key: string): void {
    this.set(key, (this.get(key) ?? 0) + 1);
  }
}

export class PipelineCounts {
  readonly dropped = new Counts(dropReasons);
  readonly failed = new Counts(frameErrors);
  readonly frameSeconds = new BucketCounts(frameBounds);
  /** By stage, in the order in which a frame passes them. */
  stageSeconds = new Map<string, BucketCounts>();
  /** By the error that was sent; empty for none. */
  readonly endedByGateway = new Counts(['', ...sessionErrors]);
  endedByClient = 0;
  endedByNetwork = 0;
  received = 0;
  receivedBytes = 0;
  sentBytes = 0;
  results = 0;
  timeouts = 0;
  opened = 0;
  becameCritical = 0;
  slowDowns = 0;

  /** Sets the stages; one that there was before goes on counting. */
  setNodes(nodes: MeasuredPipeline['nodes']): void {
    const known = this.stageSeconds;
    const network = known.has(networkStage) ? [networkStage] : [];
    const stages = ['validate', 'hold', ...network, 'decode', ...nodes.keys(), 'encode', 'total'];
    this.stageSeconds = new Map(stages.map((stage) => [stage, known.get(stage) ?? new BucketCounts(stageBounds)]));
  }

  frameReceived(byteLength: number): void {
    this.received += 1;
    this.receivedBytes += byteLength;
  }

  frameEnded(report: FrameReport): void {
    const { end, replyBytes, totalMs } = report;
    this.sentBytes += replyBytes;
    if (end.type === 'dropped') this.dropped.add(end.reason);
    else if (end.type === 'failed') this.failed.add(end.code);
    else {
      this.results += 1;
      this.frameSeconds.observe(totalMs / msPerSecond);
      this.#observeStages(report, end.timings);
    }
  }

  #observeStages({ validateMs, holdMs }: FrameReport, timings: Readonly<Record<string, number>>): void {
    if (timings[networkStage] !== undefined && !this.stageSeconds.has(networkStage))
      this.stageSeconds.set(networkStage, new BucketCounts(stageBounds));
    for (const [stage, seconds] of this.stageSeconds) {
      const ms = stage === 'validate' ? validateMs : stage === 'hold' ? holdMs : timings[stage];
      if (ms !== undefined) seconds.observe(ms / msPerSecond);
    }
  }

  sessionEnded(by: EndedBy, error: StreamErrorCode | undefined): void {
    if (by === 'client') this.endedByClient += 1;
    else if (by === 'network') this.endedByNetwork += 1;
    else this.endedByGateway.add(error ?? '');
  }
}
