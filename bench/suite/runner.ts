/** Runs the cells: all servers one after another in each round. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderFrames } from '../../test/support/samples/street-frames.ts';
import type { Cell, Load, Trial } from './cells.ts';
import { runClosedLoop } from './closed-loop.ts';
import { renderDocumentPage } from './document-page.ts';
import { runLoad, runPipelineBench } from './load.ts';
import { perCpuSecond } from './rounds.ts';
import { type Sample, type SampleKey, sampleOfCeiling, sampleOfClosedLoop, sampleOfLoad } from './sample.ts';
import type { BenchServer } from './server.ts';
import { framesUrl, Servers } from './servers.ts';

export interface RunOptions {
  readonly cells: readonly Cell[];
  readonly rounds: number;
  /** Measured time of each run. */
  readonly seconds: number;
  /** Number of frames of the bare loop. */
  readonly ceilingFrames: number;
  readonly log: (line: string) => void;
}

export interface Outcome {
  readonly samples: readonly Sample[];
  /** Skipped runs with the reason. */
  readonly skipped: Readonly<Record<string, string>>;
}

type ServedLoad = Exclude<Load, { kind: 'bare-loop' }>;

/** Warm-up of a closed loop, while its connections fill up. */
const closedWarmUpSeconds = 1;
/** The warm-up of `framegate bench` plus one second, so that pages are sent for the entire measured load. */
const extraPageSeconds = 3;

export class Runner {
  readonly #options: RunOptions;
  readonly #servers = new Servers();
  readonly #samples: Sample[] = [];
  readonly #skipped: Record<string, string> = {};
  #folder: string | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** A failed run is reported and omitted; the others continue. */
  async run(): Promise<Outcome> {
    try {
      for (const cell of this.#options.cells) await this.#runCell(cell);
    } finally {
      await this.#servers.stopOthers([]);
      if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
    }
    return { samples: this.#samples, skipped: this.#skipped };
  }

  async #runCell({ id, trials }: Cell): Promise<void> {
    const possible = trials.filter((trial) => this.#isPossible(trial));
    await this.#servers.stopOthers(possible.map(({ server }) => server));
    for (let round = 0; round < this.#options.rounds; round++) {
      for (const trial of possible) await this.#runTrial(id, round, trial);
    }
  }

  #isPossible({ server }: Trial): boolean {
    const reason = this.#servers.missing(server);
    if (reason !== undefined) this.#skipped[server.label] = reason;
    return reason === undefined;
  }

  async #runTrial(cell: string, round: number, { server, load }: Trial): Promise<void> {
    const key = { cell, server: server.label, round, load: describeLoad(load) };
    try {
      const sample = load.kind === 'bare-loop' ? await this.#bareLoop(key) : await this.#onServer(key, server, load);
      this.#samples.push(sample);
      this.#options.log(summaryOf(sample));
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
      this.#skipped[`${cell}, ${server.label}, round ${round + 1}`] = reason;
      this.#options.log(`${cell}, ${server.label}: FAILED: ${reason}`);
      await this.#servers.discard(server);
    }
  }

  async #bareLoop(key: SampleKey): Promise<Sample> {
    return sampleOfCeiling(key, await runPipelineBench(this.#options.ceilingFrames));
  }

  async #onServer(key: SampleKey, spec: Trial['server'], load: ServedLoad): Promise<Sample> {
    const sample = await this.#measure(key, await this.#servers.get(spec), load);
    return { ...sample, ...(await this.#servers.release(spec)) };
  }

  async #measure(key: SampleKey, server: BenchServer, load: ServedLoad): Promise<Sample> {
    const { seconds } = this.#options;
    if (load.kind === 'closed-loop') {
      const closed = { connections: load.connections, warmUpSeconds: closedWarmUpSeconds, seconds };
      return sampleOfClosedLoop(key, await runClosedLoop(framesUrl(server), renderFrames(), closed), seconds);
    }
    const measured = runLoad(server.origin, [...load.flags, '--duration', String(seconds)]);
    if (load.pages === undefined) return sampleOfLoad(key, await measured);
    // Wait for the last page too, so that the workers are idle for the next run.
    const [report] = await Promise.all([measured, this.#sendPages(server, load.pages)]);
    return sampleOfLoad(key, report);
  }

  async #sendPages({ origin }: BenchServer, flags: readonly string[]): Promise<void> {
    const duration = String(this.#options.seconds + extraPageSeconds);
    await runLoad(origin, [...flags, '--frames', this.#pageFolder(), '--warmup', '0', '--duration', duration]);
  }

  /** Temporary folder with the page. */
  #pageFolder(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), 'framegate-suite-'));
      writeFileSync(join(this.#folder, 'page.jpg'), renderDocumentPage());
    }
    return this.#folder;
  }
}

function describeLoad(load: Load): string {
  switch (load.kind) {
    case 'cameras':
      return load.pages === undefined
        ? load.flags.join(' ')
        : `${load.flags.join(' ')} next to ${load.pages.join(' ')}`;
    case 'closed-loop':
      return `POST on ${load.connections} connections`;
    case 'bare-loop':
      return 'no server';
  }
}

function summaryOf(sample: Sample): string {
  const { cell, server, round, seconds, results, offered, p50Ms, p99Ms } = sample;
  const resultsPerCpuSecond = perCpuSecond(sample);
  const of = offered === undefined ? '' : ` of ${(offered / seconds).toFixed(1)} offered`;
  const latency = p99Ms === undefined ? '' : `, ${p50Ms?.toFixed(1)} ms p50, ${p99Ms.toFixed(1)} ms p99`;
  const cpu = resultsPerCpuSecond === undefined ? '' : `, ${resultsPerCpuSecond.toFixed(1)} results per CPU-second`;
  return `${cell} ${round + 1}: ${server}: ${(results / seconds).toFixed(1)} results/s${of}${latency}${cpu}`;
}
