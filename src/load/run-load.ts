/** A complete load run: starts the generators, keeps the clock, and merges their counts. Main thread. */
import { shownUrl } from '../shown-url.ts';
import { nowMs } from './clock.ts';
import { GeneratorHandle } from './generator-handle.ts';
import { type Latencies, mergeLatencies } from './latency.ts';
import type { Clock, GeneratorReport, GeneratorSetup, GroupLatencies, Progress } from './messages.ts';
import type { LoadPlan } from './plan.ts';
import { camerasOf } from './schedule.ts';
import { findServer, type ServerUsage, sampleUsage, usageBetween } from './server-usage.ts';
import type { CameraTally } from './tally.ts';

/** The run failed and nothing was measured. The message is one line for the user. */
export class LoadError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LoadError';
  }
}

export interface LoadTarget {
  /** Stream URL, including the pipeline. */
  readonly url: URL;
  readonly token?: string | undefined;
  /** The JPEG files that the cameras send, in turn. */
  readonly frames: readonly Uint8Array[];
}

/** Measurements of a run. Times are in milliseconds. */
export interface LoadOutcome {
  readonly plan: LoadPlan;
  /** Measured time: shorter than planned after an early stop. */
  readonly measuredMs: number;
  /** Cameras that read, by number. */
  readonly cameras: readonly CameraTally[];
  readonly slowReaders: readonly CameraTally[];
  /** Latencies per group of the plan. */
  readonly groups: readonly GroupLatencies[];
  readonly generator: { readonly threads: number; readonly late: Latencies; readonly cpuSeconds: number };
  readonly server: ServerUsage | undefined;
  /** Reason why `server` is undefined. */
  readonly serverUnknown: string | undefined;
}

export interface LoadEvents {
  /** `elapsedMs` is the time since the start of the ramp. */
  progressed?(elapsedMs: number, progress: Progress): void;
}

/** Time from "go" to the first frame, so that every generator has received the message. */
const startDelayMs = 50;

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

  /** Ends the measurement early; the outcome covers the time until then. */
  stop(): void {
    this.#stopped.abort();
  }

  /**
   * Runs to the end.
   * @throws LoadError if no camera could connect, a generator failed, or the run was stopped before the measurement began.
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
    const failure = ready.find(({ failure }) => failure !== undefined)?.failure;
    throw new LoadError(`cannot open a stream at ${shownUrl(this.#target.url)}: ${failure}`);
  }

  async #measure(): Promise<LoadOutcome> {
    const plan = this.#plan;
    const watch = findServer(this.#target.url);
    const baseMs = nowMs() + startDelayMs;
    this.#baseMs = baseMs;
    const startMs = baseMs + plan.rampMs + plan.warmUpMs;
    const clock: Clock = { baseMs, startMs, endMs: startMs + plan.durationMs };
    for (const generator of this.#generators) generator.send({ type: 'go', clock });

    await this.#until(startMs);
    if (this.#stopped.signal.aborted) throw new LoadError('stopped before the measurement began');
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

  /** Sleeps until `atMs` or an early stop. @throws if a generator fails. */
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

/** Distributes cameras round-robin over the generators, so that each has its share of every group. */
function setupsOf(plan: LoadPlan, { url, token, frames }: LoadTarget): GeneratorSetup[] {
  const cameras = camerasOf(plan);
  const generators = Math.min(plan.generators, cameras.length);
  const shared = frames.map((bytes) => {
    const buffer = new SharedArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  });
  return Array.from({ length: generators }, (_, generator) => ({
    url: url.href,
    token,
    cameras: cameras.filter(({ camera }) => camera % generators === generator),
    groups: plan.groups.length + 1,
    frames: shared,
    adaptive: plan.adaptive,
    drainTimeoutMs: plan.drainTimeoutMs,
  }));
}
