/** Metrics of the present state, read from its owners at each scrape. Main thread. */
import { type BackpressureState, backpressureStates, type EngineStatus, type ReloadStatus } from '../status.ts';
import { engineMetrics } from './engine-metrics.ts';
import { type Metric, type Sample, single } from './metric.ts';

/** The parts of the pool's status that are shown. */
export interface PoolFigures {
  readonly size: number;
  readonly ready: number;
  readonly busy: number;
  readonly timedOut: number;
  readonly inFlight: number;
  readonly held: number;
  readonly frameBytes: number;
  readonly generation: number;
  readonly hosts: readonly { readonly limit: number }[];
  readonly engines: readonly EngineStatus[];
  readonly reports: readonly { readonly models: readonly { readonly name: string; readonly provider: string }[] }[];
}

/** A session, as far as its gauge needs to know it. */
export interface GaugedSession {
  readonly source: { readonly pipelineId: string };
  stateAt(nowMs: number): BackpressureState;
}

/** The owners of the state. */
export interface GaugeParts {
  readonly pool: { status(): PoolFigures };
  /** By id. */
  readonly pipelines: ReadonlyMap<string, unknown>;
  readonly sessions: Iterable<GaugedSession>;
  readonly reloads: () => ReloadStatus;
  /** Addresses that use `POST /frames`; each counts as a session. */
  readonly httpSessions: () => number;
  readonly openSockets: () => number;
  readonly limits: { readonly maxSessions: number; readonly maxMemoryBytes: number; readonly maxSockets: number };
}

export function gauges({
  pool,
  pipelines,
  sessions,
  reloads,
  httpSessions,
  openSockets,
  limits,
}: GaugeParts): Metric[] {
  return [
    {
      name: 'framegate_sessions',
      type: 'gauge',
      help: 'Open WebSocket sessions, by backpressure state.',
      read: () => sessionSamples(pipelines, sessions),
    },
    gauge('framegate_http_sessions', 'Addresses that use POST /frames; each counts as one session.', httpSessions),
    gauge('framegate_max_sessions', 'STREAM_MAX_SESSIONS.', () => limits.maxSessions),
    gauge('framegate_open_sockets', 'Open sockets of all kinds.', openSockets),
    gauge('framegate_max_sockets', 'Sockets that the file descriptor limit allows.', () => limits.maxSockets),
    gauge('framegate_memory_limit_bytes', 'MAX_MEMORY_MB.', () => limits.maxMemoryBytes),
    gauge('framegate_hosts', 'Hosts that can run frames of this gateway.', () => hostsWithCapacity(pool.status())),
    ...poolGauges({ pool, reloads }),
  ];
}

/** Those of a pool, on a gateway and on a host. */
export function poolGauges({ pool, reloads }: Pick<GaugeParts, 'pool' | 'reloads'>): Metric[] {
  return [
    {
      name: 'framegate_workers',
      type: 'gauge',
      help: 'Workers: ready for a frame, busy with one, stuck in a frame that timed out, or missing.',
      read: () => workerSamples(pool.status()),
    },
    gauge('framegate_workers_target', 'POOL_WORKERS, and the workers of other hosts.', () => pool.status().size),
    gauge('framegate_running_frames', 'Frames that are running.', () => pool.status().inFlight),
    gauge('framegate_held_frames', 'Frames that are held until a worker is free.', () => pool.status().held),
    gauge('framegate_frame_memory_bytes', 'Size of all running and held frames.', () => pool.status().frameBytes),
    gauge('framegate_generation', 'Generation of the pipelines, 1 at startup.', () => pool.status().generation),
    {
      name: 'framegate_reloads_total',
      type: 'counter',
      help: 'Reloads, by outcome.',
      read: () => reloadSamples(reloads()),
    },
    {
      name: 'framegate_model_info',
      type: 'gauge',
      help: 'Ready workers that have loaded the model, by execution provider.',
      read: () => modelSamples(pool.status()),
    },
    ...engineMetrics(() => pool.status().engines),
  ];
}

const gauge = (name: string, help: string, value: () => number) => single('gauge', name, help, value);

function hostsWithCapacity({ hosts }: PoolFigures): number {
  return hosts.filter(({ limit }) => limit > 0).length;
}

function sessionSamples(pipelines: GaugeParts['pipelines'], sessions: GaugeParts['sessions']): Sample[] {
  const nowMs = performance.now();
  const counts = new Map(Array.from(pipelines.keys(), (id) => [id, { normal: 0, warning: 0, critical: 0 }]));
  for (const session of sessions) {
    const ofPipeline = counts.get(session.source.pipelineId);
    if (ofPipeline !== undefined) ofPipeline[session.stateAt(nowMs)] += 1;
  }
  return [...counts].flatMap(([pipeline, byState]) =>
    backpressureStates.map((state) => ({ labels: { pipeline, state }, value: byState[state] })),
  );
}

function reloadSamples({ succeeded, failed }: ReloadStatus): Sample[] {
  return [
    { labels: { outcome: 'succeeded' }, value: succeeded },
    { labels: { outcome: 'failed' }, value: failed },
  ];
}

/** `ready` of the pool's status includes busy workers; here, the states add up. */
function workerSamples({ size, ready, busy, timedOut }: PoolFigures): Sample[] {
  const counts = { ready: ready - busy, busy, timed_out: timedOut, missing: Math.max(0, size - ready) };
  return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
}

function modelSamples({ reports }: PoolFigures): Sample[] {
  const samples = new Map<string, { labels: { model: string; provider: string }; value: number }>();
  for (const { name: model, provider } of reports.flatMap(({ models }) => models)) {
    const sample = samples.get(`${model} ${provider}`) ?? { labels: { model, provider }, value: 0 };
    sample.value += 1;
    samples.set(`${model} ${provider}`, sample);
  }
  return [...samples.values()];
}
