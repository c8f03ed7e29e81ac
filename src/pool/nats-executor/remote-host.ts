/** One host behind the broker, as an executor: its pipelines, and how many more frames this gateway may send it. Main thread. */
import type { HostStatus } from '../../broker/statuses.ts';
import type { Executor, ExecutorStatus, HostReport, StartedFrame } from '../executor.ts';
import type { FrameOutcome } from '../messages.ts';

export type SendFrame = (host: RemoteHost, frame: StartedFrame, deadlineMs: number) => Promise<FrameOutcome>;

/** The pipelines that a host and this gateway have in common. */
export interface CommonPipelines {
  readonly matching: readonly string[];
  /** The newest generation of this gateway to which they belong. */
  readonly generation: number;
}

export class RemoteHost implements Executor {
  readonly rank: number;
  readonly #send: SendFrame;
  #status: HostStatus;
  #matching: ReadonlySet<string> = new Set();
  #pipelines: ReadonlySet<string> = new Set();
  #generation = 1;
  #limit = 0;
  /** Frames of other gateways there, as far as is known. */
  #others = 0;
  #inFlight = 0;
  #isRetired = false;
  heardAtMs: number;
  /** When it was last sent a frame, or asked whether it is there. */
  sentAtMs = 0;

  constructor(status: HostStatus, rank: number, nowMs: number, send: SendFrame) {
    this.#status = status;
    this.rank = rank;
    this.heardAtMs = nowMs;
    this.#send = send;
  }

  get id(): string {
    return this.#status.id;
  }

  get name(): string {
    return this.#status.name;
  }

  /** Those that are loaded. */
  get pipelines(): ReadonlySet<string> {
    return this.#pipelines;
  }

  get generation(): number {
    return this.#generation;
  }

  get capacity(): number {
    return this.#isRetired || this.#pipelines.size === 0 ? 0 : this.#limit;
  }

  get free(): number {
    return Math.max(0, this.capacity - this.#inFlight);
  }

  get idleShare(): number {
    const busy = this.#inFlight + this.#others;
    return this.free === 0 ? 0 : Math.max(0, 1 - busy / Math.max(1, this.readyWorkers));
  }

  get readyWorkers(): number {
    return this.#status.workers.ready;
  }

  /** Frames that it may still be working on, including those that have timed out. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether it has the pipeline, loaded or not. */
  has(pipelineId: string): boolean {
    return this.#matching.has(pipelineId);
  }

  fingerprintOf(pipelineId: string): string {
    return this.#status.pipelines[pipelineId] ?? '';
  }

  /** @param gatewayId whose limit applies. */
  update(status: HostStatus, { matching, generation }: CommonPipelines, gatewayId: string, nowMs: number): void {
    this.#status = status;
    this.#matching = new Set(matching);
    this.#pipelines = new Set(status.loaded.filter((id) => this.#matching.has(id)));
    this.#generation = generation;
    const all = Object.values(status.inFlight).reduce((sum, count) => sum + count, 0);
    this.grant(status.limits[gatewayId] ?? 0, all - (status.inFlight[gatewayId] ?? 0));
    this.heardAtMs = nowMs;
  }

  /** @param others frames of other gateways that it has now. */
  grant(limit: number, others: number): void {
    this.#limit = limit;
    this.#others = others;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** From now on it gets no frames: it is leaving, or lost. */
  retire(): void {
    this.#isRetired = true;
  }

  frameSent(nowMs: number): void {
    this.#inFlight += 1;
    this.sentAtMs = nowMs;
  }

  frameGone(): void {
    this.#inFlight -= 1;
  }

  run(frame: StartedFrame, deadlineMs: number): Promise<FrameOutcome> {
    return this.#send(this, frame, deadlineMs);
  }

  status(): ExecutorStatus {
    const { ready, busy, timedOut } = this.#status.workers;
    return { ready, busy, timedOut, reports: [], host: this.#report() };
  }

  #report(): HostReport {
    const { id, name, version, workers, setups } = this.#status;
    const { size, ready, busy } = workers;
    const use = { limit: this.capacity, in_flight: this.#inFlight, generation: this.#generation };
    return { id, name, version, workers: { size, ready, busy }, ...use, pipelines: [...this.#pipelines], setups };
  }

  /** Nothing to wait for: its workers are not of this process. */
  async stop(): Promise<boolean> {
    this.retire();
    return true;
  }
}
