/** What dying threads cost: cameras that want more than the gateway can give, in turns without and with a tool that ends its thread. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleUsage } from '../../src/load/server-usage.ts';
import { renderFrames } from '../../src/samples/street-frames.ts';
import { freePort } from '../../test/support/free-port.ts';
import { clientFrame, opcode } from '../../test/support/raw-client.ts';
import { pause } from './failures/failure.ts';
import { endOf, Peers } from './failures/peers.ts';
import { Fleet } from './fleet.ts';
import { SoakGateway, type Vitals } from './gateway.ts';
import { frameTimeoutMs, mainPipeline, writeSoakModels } from './models.ts';

export interface ThreadDeathOptions {
  /** Minutes of each: so long without deaths and so long with them. */
  readonly minutes: number;
  readonly cameras: number;
  /** Frames a second of each camera. */
  readonly fps: number;
  /** From one death to the next. */
  readonly everySeconds: number;
  readonly print: (line: string) => void;
}

export interface ThreadDeathSummary {
  readonly results_per_second: number;
  readonly results_per_second_with_deaths: number;
  /** The second through the first. */
  readonly throughput_kept: number;
  /** The same of each pair of turns, and of these the median: what else the machine does disturbs it less. */
  readonly throughput_kept_median: number;
  readonly deaths: number;
  /** What a death costs the gateway: a new thread loads its models. A busy machine changes throughput, and hardly this. */
  readonly cpu_seconds_per_death: number;
  readonly sent: number;
  readonly unanswered: number;
  readonly sessions_ended: number;
  readonly before: Vitals;
  readonly after: Vitals;
  readonly problems: readonly string[];
}

const msPerSecond = 1000;
const msPerMinute = 60_000;
/** Turns are short, so that what else the machine does meanwhile meets both alike. */
const turnMs = 10_000;
const warmUpMs = 5000;
const settleMs = 1000;
const frameSize = { width: 320, height: 240 };
const workers = 2;
/** A frame that is to end its thread is sent again after this, if it was dropped because others were served. */
const resendMs = 100;

class ThreadDeaths {
  readonly #options: ThreadDeathOptions;
  readonly #gateway: SoakGateway;
  readonly #fleet: Fleet;
  readonly #frames = renderFrames(frameSize);
  readonly #problems: string[] = [];
  #deaths = 0;

  constructor(options: ThreadDeathOptions, gateway: SoakGateway) {
    this.#options = options;
    this.#gateway = gateway;
    const { cameras, fps } = options;
    this.#fleet = new Fleet({
      ...{ gateway, pipelineId: mainPipeline, cameras, fps, frames: this.#frames },
      onProblem: (problem) => this.#problems.push(problem),
    });
  }

  async run(): Promise<ThreadDeathSummary> {
    const { minutes, print } = this.#options;
    await this.#gateway.start();
    this.#fleet.start();
    await pause(warmUpMs);
    await this.#waitUntilIdle();
    const before = await this.#gateway.vitals();
    const turns = Math.max(1, Math.round((minutes * msPerMinute) / turnMs));
    const ms = (minutes * msPerMinute) / turns;
    const seen = { without: 0, with: 0 };
    const cpu = { without: 0, with: 0 };
    const kept: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const [without, withDeaths] = [await this.#turn(ms, false), await this.#turn(ms, true)];
      seen.without += without.results;
      seen.with += withDeaths.results;
      cpu.without += without.cpuSeconds;
      cpu.with += withDeaths.cpuSeconds;
      kept.push(withDeaths.results / without.results);
      print(`turn ${turn + 1} of ${turns}: ${without.results} results, ${withDeaths.results} with deaths`);
    }
    await this.#waitUntilIdle();
    const after = await this.#gateway.vitals();
    await this.#gateway.end('SIGTERM');
    const { totals, disturbed } = this.#fleet;
    const perSecond = (results: number) => results / (minutes * (msPerMinute / msPerSecond));
    return {
      results_per_second: perSecond(seen.without),
      results_per_second_with_deaths: perSecond(seen.with),
      throughput_kept: seen.with / seen.without,
      throughput_kept_median: medianOf(kept),
      deaths: this.#deaths,
      cpu_seconds_per_death: (cpu.with - (seen.with * cpu.without) / seen.without) / this.#deaths,
      sent: totals.sent,
      unanswered: totals.unanswered,
      sessions_ended: disturbed,
      before,
      after,
      problems: this.#problems,
    };
  }

  /** @returns the results that came meanwhile, and what the gateway used for them. */
  async #turn(ms: number, hasDeaths: boolean): Promise<{ results: number; cpuSeconds: number }> {
    this.#fleet.start();
    await pause(settleMs);
    this.#fleet.takeProgress();
    const before = sampleUsage([this.#gateway.pid]).cpuSeconds;
    const endMs = performance.now() + ms;
    while (performance.now() < endMs) {
      const nextMs = Math.min(endMs, performance.now() + this.#options.everySeconds * msPerSecond);
      if (hasDeaths) await this.#killThread();
      await pause(Math.max(0, nextMs - performance.now()));
    }
    const { results } = this.#fleet.takeProgress();
    const cpuSeconds = sampleUsage([this.#gateway.pid]).cpuSeconds - before;
    await this.#waitUntilIdle();
    return { results, cpuSeconds };
  }

  /** Sends a frame until it has ended its thread. A new session each time: the second loss within a minute ends one. */
  async #killThread(): Promise<void> {
    const before = this.#gateway.lostWorkers;
    await Peers.with(this.#gateway, async (peers) => {
      const socket = await peers.upgrade('soak_exit');
      while (socket?.destroyed === false && this.#gateway.lostWorkers === before) {
        socket.write(clientFrame(opcode.binary, this.#frames[0] as Uint8Array));
        await endOf(socket, resendMs);
      }
    });
    this.#deaths += this.#gateway.lostWorkers - before;
  }

  async #waitUntilIdle(): Promise<void> {
    await this.#fleet.drain();
    if (!(await this.#gateway.isIdle())) this.#problems.push('the gateway does not come to rest');
    await pause(settleMs);
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle) - 1] as number)) / 2;
}

/** Runs it with a gateway and a folder of its own. */
export async function measureThreadDeaths(options: ThreadDeathOptions): Promise<ThreadDeathSummary> {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-deaths-'));
  const gateway = new SoakGateway('gateway', await freePort(), join(folder, 'gateway.log'), {
    MODELS_DIR: writeSoakModels(folder),
    STREAM_FRAME_TIMEOUT_MS: String(frameTimeoutMs),
    POOL_WORKERS: String(workers),
  });
  try {
    return await new ThreadDeaths(options, gateway).run();
  } finally {
    await gateway.end('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

export function threadDeathText(summary: ThreadDeathSummary): string {
  const { results_per_second, results_per_second_with_deaths, deaths, before, after } = summary;
  const { throughput_kept, throughput_kept_median } = summary;
  const { sent, unanswered, sessions_ended, problems } = summary;
  const rates = `${results_per_second_with_deaths.toFixed(1)} of ${results_per_second.toFixed(1)} results a second`;
  const megabytes = ({ rss_bytes }: Vitals) => `${(rss_bytes / 1_048_576).toFixed(1)} MB`;
  return [
    `${deaths} threads ended, each for ${summary.cpu_seconds_per_death.toFixed(2)} s of CPU: ${rates}, ${throughput_kept.toFixed(3)} of the throughput, of pairs of turns the median ${throughput_kept_median.toFixed(3)}`,
    `${sent} frames: ${unanswered} unanswered, ${sessions_ended} sessions ended`,
    `memory ${megabytes(before)} to ${megabytes(after)}, threads ${before.threads} to ${after.threads}, file handles ${before.file_handles} to ${after.file_handles}`,
    ...problems,
  ].join('\n');
}
