/** A load run from start to end: starts the generators, keeps the clock, merges what they counted. Main thread. */
import { nowMs } from './clock.ts';
import { GeneratorHandle } from './generator-handle.ts';
import { type Latencies, mergeLatencies } from './latency.ts';
import type { Clock, GeneratorReport, GeneratorSetup, GroupLatencies, Progress } from './messages.ts';
import type { LoadPlan } from './plan.ts';
import { camerasOf } from './schedule.ts';
import { findServer, type ServerUsage, sampleUsage, usageBetween } from './server-usage.ts';
import type { CameraTally } from './tally.ts';

/** The run could not be made, and nothing was measured. The message is for the person who asked for it: one line. */
export class LoadError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LoadError';
  }
}

export interface LoadTarget {
  /** Address of the stream, with its pipeline. */
  readonly url: URL;
  /** What the cameras send, one file after the other. */
  readonly frames: readonly Uint8Array[];
}

/** What a run measured. Times are milliseconds. */
export interface LoadOutcome {
  readonly plan: LoadPlan;
  /** How long the clock ran: shorter than planned after an early stop. */
  readonly measuredMs: number;
  /** Cameras that read, in their order. */
  readonly cameras: readonly CameraTally[];
  readonly slowReaders: readonly CameraTally[];
  /** Latencies of each group of the plan. */
  readonly groups: readonly GroupLatencies[];
  readonly generator: { readonly threads: number; readonly late: Latencies; readonly cpuSeconds: number };
  readonly server: ServerUsage | undefined;
  /** Why `server` is not known. */
  readonly serverUnknown: string | undefined;
}

export interface LoadEvents {
  /** `elapsedMs` counts from the start of the ramp. */
  progressed?(elapsedMs: number, progress: Progress): void;
}

/** From "go" to the first frame: every generator has the message by then. */
const headStartMs = 50;

export class LoadRun {
  readonly #plan: LoadPlan;
  readonly #target: LoadTarget;
  readonly #events: LoadEvents;
  readonly #generators: GeneratorHandle[];
  readonly #stopped = new AbortController();
  #baseMs = 0;

  constructor(plan: LoadPlan, target: LoadTarget, events: LoadEvents = {}) {
    this.#plan = plan;
    this.#target = target;
    this.#events = events;
    this.#generators = setupsOf(plan, target).map((setup) => new GeneratorHandle(setup, () => this.#progressed()));
  }

  /** Ends the counted part now; what was measured until then is the outcome. */
  stop(): void {
    this.#stopped.abort();
  }

  /**
   * Runs to the end.
   * @throws LoadError when no camera could connect, a generator failed, or the run was stopped before its clock started.
   */
  async outcome(): Promise<LoadOutcome> {
    try {
      await this.#connect();
      return await this.#measure();
    } finally {
      await Promise.all(this.#generators.map((generator) => generator.end()));
    }
  }

  async #connect(): Promise<void> {
    const ready = await Promise.all(this.#generators.map((generator) => generator.ready));
    if (ready.some(({ opened }) => opened > 0)) return;
    const failure = ready.find((answer) => answer.failure !== undefined)?.failure;
    throw new LoadError(`cannot open a stream at ${this.#target.url.href}: ${failure}`);
  }

  async #measure(): Promise<LoadOutcome> {
    const plan = this.#plan;
    const watch = findServer(this.#target.url);
    const baseMs = nowMs() + headStartMs;
    this.#baseMs = baseMs;
    const startMs = baseMs + plan.rampMs + plan.warmUpMs;
    const clock: Clock = { baseMs, startMs, endMs: startMs + plan.durationMs };
    for (const generator of this.#generators) generator.send({ type: 'go', clock });

    await this.#until(startMs);
    if (this.#stopped.signal.aborted) throw new LoadError('stopped before the clock started');
    const before = watch.found ? sampleUsage(watch.pids) : undefined;
    const cpuBefore = process.cpuUsage();
    await this.#until(clock.endMs);
    const cpu = process.cpuUsage(cpuBefore);
    const after = watch.found ? sampleUsage(watch.pids) : undefined;
    if (this.#stopped.signal.aborted) {
      clock.endMs = Math.min(clock.endMs, nowMs());
      for (const generator of this.#generators) generator.send({ type: 'stop', endMs: clock.endMs });
    }

    const reports = await Promise.all(this.#generators.map((generator) => generator.done));
    const last = watch.found ? sampleUsage(watch.pids) : undefined;
    const cameras = reports.flatMap((report) => report.cameras).sort((a, b) => a.camera - b.camera);
    return {
      plan,
      measuredMs: clock.endMs - clock.startMs,
      cameras: cameras.filter(({ group }) => group < plan.groups.length),
      slowReaders: cameras.filter(({ group }) => group >= plan.groups.length),
      groups: plan.groups.map((_, group) => latenciesOf(reports, group)),
      generator: {
        threads: this.#generators.length,
        late: mergeLatencies(reports.map(({ late }) => late)),
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
      },
      server: usageBetween(watch, before, after, last),
      serverUnknown: watch.found ? undefined : watch.reason,
    };
  }

  /** Sleeps until a moment, an early stop, or the failure of a generator, which it throws. */
  async #until(atMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, atMs - nowMs());
    const { signal } = this.#stopped;
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    await Promise.race([promise, ...this.#generators.map(({ failed }) => failed)]).finally(() => clearTimeout(timer));
  }

  #progressed(): void {
    const sum = { offered: 0, results: 0, dropped: 0 };
    for (const { progress } of this.#generators) {
      sum.offered += progress.offered;
      sum.results += progress.results;
      sum.dropped += progress.dropped;
    }
    this.#events.progressed?.(nowMs() - this.#baseMs, sum);
  }
}

function latenciesOf(reports: readonly GeneratorReport[], group: number): GroupLatencies {
  const parts = reports.map((report) => report.groups[group] as GroupLatencies);
  return {
    results: mergeLatencies(parts.map(({ results }) => results)),
    drops: mergeLatencies(parts.map(({ drops }) => drops)),
    service: mergeLatencies(parts.map(({ service }) => service)),
  };
}

/** Cameras go round the generators, so that each has its part of every group. */
function setupsOf(plan: LoadPlan, { url, frames }: LoadTarget): GeneratorSetup[] {
  const cameras = camerasOf(plan);
  const generators = Math.min(plan.generators, cameras.length);
  const shared = frames.map((bytes) => {
    const buffer = new SharedArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  });
  return Array.from({ length: generators }, (_, generator) => ({
    url: url.href,
    cameras: cameras.filter(({ camera }) => camera % generators === generator),
    groups: plan.groups.length + 1,
    frames: shared,
    adaptive: plan.adaptive,
    drainTimeoutMs: plan.drainTimeoutMs,
  }));
}
