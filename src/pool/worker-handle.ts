/** One worker thread as the loop sees it: its state, its slot, the frame it works on. Main thread. */
import '../observe/no-telemetry.ts';

import { Worker } from 'node:worker_threads';
import type { FrameOutcome, FromWorker, ToWorker, WorkerReport, WorkerSetup } from './messages.ts';
import type { Frame } from './pool.ts';

/** A frame that a worker works on; `answer` is called once. */
interface Job {
  readonly startedAtMs: number;
  readonly answer: (outcome: FrameOutcome) => void;
}

/**
 * booting → idle ⇄ busy, and from there: overdue (its frame was answered as out of time; the thread is asked to stop and
 * does so when it comes back from native code) or stopping; gone when the thread has ended.
 */
type WorkerState =
  | { readonly kind: 'booting' }
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy'; readonly job: Job }
  | { readonly kind: 'overdue' }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'gone' };

export interface WorkerEvents {
  /** Models are loaded and warm. */
  ready(worker: WorkerHandle): void;
  /** The frame is answered and the next may come. */
  idle(worker: WorkerHandle): void;
  /** The thread has ended. `fault` says why if nobody asked it to. */
  gone(worker: WorkerHandle, fault: Error | undefined): void;
  bootFailed(worker: WorkerHandle, faults: readonly string[]): void;
}

/** What the peer reads when its frame's thread is lost or late. */
const lostDetail = 'Worker stopped unexpectedly';
const overdueDetail = 'Pipeline ran out of time';

/** In a checkout the entry is TypeScript, in `dist` it is JavaScript. */
const entryUrl = new URL(`../worker/entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export class WorkerHandle {
  readonly #worker: Worker;
  readonly #slot: Uint8Array;
  readonly #events: WorkerEvents;
  #state: WorkerState = { kind: 'booting' };
  #fault: Error | undefined;
  #report: WorkerReport | undefined;

  constructor(setup: Omit<WorkerSetup, 'slot'>, maxFrameBytes: number, events: WorkerEvents) {
    const slot = new SharedArrayBuffer(maxFrameBytes);
    this.#slot = new Uint8Array(slot);
    this.#events = events;
    this.#worker = new Worker(entryUrl, {
      workerData: { ...setup, slot } satisfies WorkerSetup,
      name: 'framegate-worker',
    });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#fault = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on('exit', () => this.#ended());
  }

  get kind(): WorkerState['kind'] {
    return this.#state.kind;
  }

  /** Set once the worker is ready. */
  get report(): WorkerReport | undefined {
    return this.#report;
  }

  /** Since when it works on its frame; `undefined` when it has none. */
  get busySinceMs(): number | undefined {
    return this.#state.kind === 'busy' ? this.#state.job.startedAtMs : undefined;
  }

  /** Copies the frame into the slot, the only copy on its way, and sets the idle worker to it. */
  start(frame: Frame, nowMs: number, answer: (outcome: FrameOutcome) => void): void {
    if (this.#state.kind !== 'idle') throw new Error(`a frame for a worker that is ${this.#state.kind}`);
    this.#slot.set(frame.bytes);
    this.#state = { kind: 'busy', job: { startedAtMs: nowMs, answer } };
    this.#send({
      type: 'frame',
      pipelineId: frame.pipelineId,
      frameIndex: frame.frameIndex,
      byteLength: frame.bytes.byteLength,
    });
  }

  /**
   * Answers the frame as out of time and takes the thread out of service. It is not terminated: a thread that is ended inside
   * ONNX Runtime or jpeg-turbo takes the whole process with it.
   */
  expire(): void {
    if (this.#state.kind !== 'busy') return;
    const { job } = this.#state;
    this.#state = { kind: 'overdue' };
    this.#send({ type: 'stop' });
    job.answer({ type: 'failed', code: 'pipeline_failure', detail: overdueDetail, reason: overdueDetail });
  }

  /** Asks a worker without a frame to end; a booting one does so when its models are loaded. */
  stop(): void {
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'booting') return;
    this.#state = { kind: 'stopping' };
    this.#send({ type: 'stop' });
  }

  #send(order: ToWorker): void {
    this.#worker.postMessage(order);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#report = message.report;
        if (this.#state.kind !== 'booting') return;
        this.#state = { kind: 'idle' };
        this.#events.ready(this);
        return;
      case 'boot_failed':
        this.#events.bootFailed(this, message.faults);
        return;
      case 'result':
      case 'failed': {
        if (this.#state.kind !== 'busy') return; // Overdue: the frame has its answer already.
        const { job } = this.#state;
        this.#state = { kind: 'idle' };
        this.#events.idle(this);
        job.answer(message);
        return;
      }
      default:
        message satisfies never;
    }
  }

  #ended(): void {
    const state = this.#state;
    const asked = state.kind === 'stopping' || state.kind === 'overdue';
    this.#state = { kind: 'gone' };
    const fault = this.#fault ?? (asked ? undefined : new Error('the worker thread ended by itself'));
    if (state.kind === 'busy') {
      const reason = fault?.message ?? lostDetail;
      state.job.answer({ type: 'failed', code: 'pipeline_failure', detail: lostDetail, reason });
    }
    this.#events.gone(this, fault);
  }
}
