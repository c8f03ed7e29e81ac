/** The cameras of one gateway: their totals, disturbed sessions, and latency. */

import { Camera, type EndedSession } from './camera.ts';
import { pause } from './failures/failure.ts';
import type { SoakGateway } from './gateway.ts';
import { addTotals, noTotals, type Totals } from './ledger.ts';

export interface FleetOptions {
  readonly gateway: SoakGateway;
  readonly pipelineId: string;
  readonly cameras: number;
  /** Frames per second of each camera. */
  readonly fps: number;
  readonly frames: readonly Uint8Array[];
  /** Called for each problem: inconsistent accounting, or a session closed by the gateway. */
  readonly onProblem: (problem: string) => void;
}

const msPerSecond = 1000;
const pollMs = 20;

export class Fleet {
  readonly totals: Totals = { ...noTotals };
  sessions = 0;
  /** Sessions closed by a restart of the gateway. */
  restarted = 0;
  /** Sessions closed by the gateway without cause. */
  disturbed = 0;
  readonly #options: FleetOptions;
  readonly #cameras: readonly Camera[];
  #mayBeCut = false;
  #results = 0;
  #slowestMs = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { gateway, pipelineId, cameras, fps, frames } = options;
    const intervalMs = msPerSecond / fps;
    this.#cameras = Array.from({ length: cameras }, (_, at) => {
      return new Camera({
        name: `${gateway.name} ${at + 1}`,
        url: () => `ws://127.0.0.1:${gateway.port}/ws/video/stream?pipeline_id=${pipelineId}`,
        frames,
        intervalMs,
        phaseMs: (intervalMs * at) / cameras,
        mayBeLost: () => this.#mayBeCut,
        onResult: (latencyMs) => {
          this.#results += 1;
          this.#slowestMs = Math.max(this.#slowestMs, latencyMs);
        },
        onEnd: (session) => this.#ended(session),
      });
    });
  }

  start(): void {
    for (const camera of this.#cameras) camera.start();
  }

  /** Resolves when every camera has its replies and has disconnected. */
  async drain(): Promise<void> {
    await Promise.all(this.#cameras.map((camera) => camera.drain()));
  }

  /** Runs a restart of the gateway, during which sessions may be closed without an error. */
  async expectCuts(during: () => Promise<void>): Promise<void> {
    this.#mayBeCut = true;
    try {
      await during();
    } finally {
      this.#mayBeCut = false;
    }
  }

  /** Waits for the next result of any camera. @returns whether it arrived in time. */
  async hasResult(maxMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + maxMs;
    for (const before = this.#results; this.#results === before; await pause(pollMs))
      if (performance.now() > deadlineMs) return false;
    return true;
  }

  /** Results since the last call, and the maximum latency. */
  takeProgress(): { results: number; slowestMs: number } {
    const progress = { results: this.#results, slowestMs: Math.round(this.#slowestMs) };
    this.#results = 0;
    this.#slowestMs = 0;
    return progress;
  }

  #ended({ camera, ledger, end, wasCut }: EndedSession): void {
    this.sessions += 1;
    addTotals(this.totals, ledger.totals);
    for (const problem of ledger.problems) this.#options.onProblem(`camera ${camera}: ${problem}`);
    if (!wasCut) return;
    if (this.#mayBeCut) {
      this.restarted += 1;
      return;
    }
    this.disturbed += 1;
    const how = ledger.error ?? `code ${end.by === 'gateway' ? end.code : 'none'}`;
    this.#options.onProblem(`camera ${camera} was disconnected: ${how}`);
  }
}
