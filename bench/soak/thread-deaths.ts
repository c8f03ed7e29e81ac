/** Cost of thread deaths: an overloaded gateway, in alternating turns without and with a tool that ends its thread. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleUsage } from '../../src/load/server-usage.ts';
import { median } from '../../src/statistics.ts';
import { freePort } from '../../test/support/free-port.ts';
import { clientFrame, opcode } from '../../test/support/raw-client.ts';
import { renderFrames } from '../../test/support/samples/street-frames.ts';
import { pause } from './failures/failure.ts';
import { endOf, Peers } from './failures/peers.ts';
import { Fleet } from './fleet.ts';
import { SoakGateway, type Vitals } from './gateway.ts';
import { frameTimeoutMs, mainPipeline, writeSoakModels } from './models.ts';

export interface ThreadDeathOptions {
  /** Minutes without deaths, and minutes with deaths. */
  readonly minutes: number;
  readonly cameras: number;
  /** Frames per second of each camera. */
  readonly fps: number;
  /** Interval between deaths. */
  readonly everySeconds: number;
  readonly print: (line: string) => void;
}

export interface ThreadDeathSummary {
  readonly results_per_second: number;
  readonly results_per_second_with_deaths: number;
  /** The second divided by the first. */
  readonly throughput_kept: number;
  /** Median of the same ratio per pair of turns: less sensitive to other load on the machine. */
  readonly throughput_kept_median: number;
  readonly deaths: number;
  /** CPU cost of a death: a new thread loads its models. Less sensitive to other load than throughput. */
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
/** Turns are short, so that other load affects both kinds equally. */
const turnMs = 10_000;
const warmUpMs = 5000;
const settleMs = 1000;
const frameSize = { width: 320, height: 240 };
const workers = 2;
/** Resend interval: a frame may be dropped because other frames were served. */
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
      throughput_kept_median: median(kept),
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

  /** @returns the results of the turn, and the gateway's CPU usage. */
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

  /** Sends a frame until it has ended its thread. Uses a new session each time: a second loss within a minute would close the session. */
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
    if (!(await this.#gateway.isIdle())) this.#problems.push('the gateway did not become idle');
    await pause(settleMs);
  }
}

/** Runs the measurement with its own gateway in a temporary folder. */
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
  const rates = `${results_per_second_with_deaths.toFixed(1)} of ${results_per_second.toFixed(1)} results per second`;
  const megabytes = ({ rss_bytes }: Vitals) => `${(rss_bytes / 1_048_576).toFixed(1)} MB`;
  return [
    `${deaths} thread deaths, ${summary.cpu_seconds_per_death.toFixed(2)} s of CPU each: ${rates}, ${throughput_kept.toFixed(3)} of the throughput (median of pairs of turns ${throughput_kept_median.toFixed(3)})`,
    `${sent} frames: ${unanswered} unanswered, ${sessions_ended} sessions closed`,
    `memory ${megabytes(before)} to ${megabytes(after)}, threads ${before.threads} to ${after.threads}, file handles ${before.file_handles} to ${after.file_handles}`,
    ...problems,
  ].join('\n');
}
