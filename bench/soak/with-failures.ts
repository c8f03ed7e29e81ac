/** The soak with failures: cameras run while failures are injected one by one; at quiet points, no resources may be left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { renderFrames } from '../../test/support/samples/street-frames.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { type Failure, pause } from './failures/failure.ts';
import { processFailures } from './failures/process.ts';
import { wireFailures } from './failures/wire.ts';
import { workerFailures } from './failures/workers.ts';
import { Fleet } from './fleet.ts';
import { SoakGateway } from './gateway.ts';
import { frameTimeoutMs, mainPipeline, slowPipeline, stuckMs, writeSoakModels } from './models.ts';
import { shuffledRounds } from './plan.ts';
import { type FleetSummary, SoakReport, type SoakSummary } from './report.ts';

const failures: readonly Failure[] = [...wireFailures, ...workerFailures, ...processFailures];

export interface SoakOptions {
  readonly minutes: number;
  readonly cameras: number;
  /** Frames per second of each camera. */
  readonly fps: number;
  readonly seed: number;
  /** Interval between the starts of failures. */
  readonly failureEverySeconds: number;
  readonly quietEveryMinutes: number;
  /** Names of the failures to inject; empty for all. */
  readonly only: readonly string[];
  /** File for JSON lines. */
  readonly out: string | undefined;
  readonly print: (line: string) => void;
  /** Ends the soak early, with its summary. */
  readonly signal: AbortSignal;
}

const msPerSecond = 1000;
const msPerMinute = 60_000;
const msPerHour = 3_600_000;
/** Part of the interval for which failures wait. */
const holdPart = 0.6;
/** Time without load for V8 and the allocator to release memory. */
const settleMs = 3000;
/** Maximum time after a failure until the main gateway's cameras get a result. */
const maxRecoveryMs = 20_000;
const frameSize = { width: 320, height: 240 };
/** A few cameras on the second gateway show the effect of restarts on sessions. */
const secondCameras = 4;
const secondFps = 2;

class Soak {
  readonly #options: SoakOptions;
  readonly #failures: readonly Failure[];
  readonly #report: SoakReport;
  readonly #modelsDir: string;
  readonly #gateways: Readonly<Record<Failure['target'], SoakGateway>>;
  readonly #fleets: Readonly<Record<Failure['target'], Fleet>>;
  readonly #frames = renderFrames(frameSize);
  readonly #random: () => number;
  readonly #startedAtMs = performance.now();

  constructor(options: SoakOptions, chosen: readonly Failure[], folder: string, ports: readonly [number, number]) {
    this.#options = options;
    this.#failures = chosen;
    this.#report = new SoakReport(options.out, options.print);
    this.#random = seededRandom(options.seed);
    this.#modelsDir = writeSoakModels(folder);
    const gateway = (name: string, port: number, workers: number) =>
      new SoakGateway(name, port, join(folder, `${name}.log`), {
        MODELS_DIR: this.#modelsDir,
        STREAM_FRAME_TIMEOUT_MS: String(frameTimeoutMs),
        POOL_STUCK_MS: String(stuckMs),
        POOL_WORKERS: String(workers),
      });
    this.#gateways = { main: gateway('main', ports[0], 2), second: gateway('second', ports[1], 1) };
    const fleet = (target: Failure['target'], pipelineId: string, cameras: number, fps: number) =>
      new Fleet({
        gateway: this.#gateways[target],
        pipelineId,
        cameras,
        fps,
        frames: this.#frames,
        onProblem: (problem) => this.#report.problem(problem),
      });
    this.#fleets = {
      main: fleet('main', mainPipeline, options.cameras, options.fps),
      second: fleet('second', slowPipeline, secondCameras, secondFps),
    };
  }

  async run(): Promise<SoakSummary> {
    const { minutes, cameras, fps, seed, signal } = this.#options;
    this.#report.started({ minutes, cameras, fps, seed });
    await Promise.all(Object.values(this.#gateways).map((gateway) => gateway.start()));
    const endMs = performance.now() + minutes * msPerMinute;
    const next = shuffledRounds(this.#failures, this.#random);
    while (performance.now() < endMs && !signal.aborted) await this.#cycle(next, endMs);
    await Promise.all(Object.values(this.#gateways).map((gateway) => gateway.end('SIGTERM')));
    const { main, second } = this.#fleets;
    return this.#report.summary(seed, this.#hours(), summaryOf(main), summaryOf(second));
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#gateways).map((gateway) => gateway.end('SIGKILL')));
  }

  /** Starts the cameras, injects failures, stops the cameras, and records the remaining resources. */
  async #cycle(next: Generator<Failure, never>, endMs: number): Promise<void> {
    const { quietEveryMinutes, failureEverySeconds, signal } = this.#options;
    const fleets = Object.values(this.#fleets);
    const cycleEndMs = Math.min(endMs, performance.now() + quietEveryMinutes * msPerMinute);
    for (const fleet of fleets) fleet.start();
    while (performance.now() < cycleEndMs && !signal.aborted) {
      const nextAtMs = performance.now() + failureEverySeconds * msPerSecond;
      await this.#inject(next.next().value, nextAtMs);
    }
    this.#report.loaded(this.#hours(), await this.#gateways.main.vitals());
    await Promise.all(fleets.map((fleet) => fleet.drain()));
    if (!(await this.#gateways.main.isIdle())) this.#report.problem('the main gateway did not become idle');
    await pause(settleMs);
    this.#report.quiet({ hours: this.#hours(), ...(await this.#gateways.main.vitals()) });
  }

  async #inject(failure: Failure, nextAtMs: number): Promise<void> {
    const { failureEverySeconds } = this.#options;
    const startedAtMs = performance.now();
    const { main, second } = this.#fleets;
    main.takeProgress();
    const scene = {
      gateway: this.#gateways[failure.target],
      modelsDir: this.#modelsDir,
      random: this.#random,
      frames: this.#frames,
      holdMs: holdPart * failureEverySeconds * msPerSecond,
    };
    try {
      if (failure.target === 'second') await second.expectCuts(() => failure.run(scene));
      else await failure.run(scene);
    } catch (error) {
      this.#report.problem(`${failure.name}: ${error}`);
    }
    const ms = Math.round(performance.now() - startedAtMs);
    for (const gateway of Object.values(this.#gateways))
      if (!gateway.isRunning) throw new Error(`${failure.name}: ${gateway.exitDescription}`);
    const hasRecovered = await main.hasResult(maxRecoveryMs);
    if (!hasRecovered) this.#report.problem(`${failure.name}: no result within ${maxRecoveryMs} ms afterwards`);
    await pause(Math.max(0, nextAtMs - performance.now()));
    const { results, slowestMs } = main.takeProgress();
    this.#report.failure({ failure: failure.name, ms, results, slowest_ms: slowestMs });
  }

  #hours(): number {
    return (performance.now() - this.#startedAtMs) / msPerHour;
  }
}

/** @throws Error for unknown names. */
function failuresNamed(only: readonly string[]): readonly Failure[] {
  const unknown = only.filter((name) => !failures.some((failure) => failure.name === name));
  if (unknown.length > 0) throw new Error(`unknown failure: ${unknown.join(', ')}`);
  return only.length === 0 ? failures : failures.filter(({ name }) => only.includes(name));
}

function summaryOf({ totals, sessions, disturbed, restarted }: Fleet): FleetSummary {
  return { ...totals, sessions, disturbed, restarted };
}

/** Runs the soak with its own gateways in a temporary folder, which is kept if there were problems. */
export async function soakWithFailures(options: SoakOptions): Promise<SoakSummary> {
  const chosen = failuresNamed(options.only);
  const folder = mkdtempSync(join(tmpdir(), 'framegate-soak-'));
  const soak = new Soak(options, chosen, folder, [await freePort(), await freePort()]);
  let summary: SoakSummary | undefined;
  try {
    summary = await soak.run();
    return summary;
  } finally {
    await soak.stop();
    if (summary?.problems.length === 0) rmSync(folder, { recursive: true });
    else options.print(`logs and models: ${folder}`);
  }
}
