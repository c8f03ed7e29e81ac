/** One worker thread as the loop sees it: its state and the frame it runs. Main thread. */
import '../../observe/no-telemetry.ts';

import { Worker } from 'node:worker_threads';
import { NativeCalls } from '../../observe/native-calls.ts';
import type { StartedFrame } from '../executor.ts';
import type { FrameSlot } from '../frame-slots.ts';
import type { FrameOutcome, FromWorker, ToWorker, WorkerData, WorkerReport, WorkerSetup } from '../messages.ts';

/** A frame that a worker runs; `answer` is called once. */
interface Job {
  readonly slot: FrameSlot;
  readonly deadlineMs: number;
  readonly settle: (outcome: FrameOutcome) => void;
}

/**
 * booting → idle ⇄ busy, and from there: timed out (its frame is answered; the thread is asked to stop and does so when it
 * comes back, or is ended) or stopping; gone when the thread has ended.
 */
type WorkerState =
  | { readonly kind: 'booting' }
  | { readonly kind: 'idle'; readonly sinceMs: number }
  | { readonly kind: 'busy'; readonly job: Job }
  | { readonly kind: 'timed_out'; readonly slot: FrameSlot }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'exited' };

export interface WorkerEvents {
  /** Models are loaded and warm. */
  ready(worker: WorkerHandle): void;
  /** The frame is about to be answered and the next may come. */
  idle(worker: WorkerHandle): void;
  /** The thread has ended. `error` says why if nobody asked it to. */
  exited(worker: WorkerHandle, error: Error | undefined): void;
  bootFailed(worker: WorkerHandle, issues: readonly string[]): void;
  /** A tool, or a package of its, has printed something. */
  printed(text: string): void;
}

/** What the peer reads when its frame takes too long. */
const timedOutDetail = 'Pipeline timed out';

/**
 * V8 lets the young generation of each thread grow to 48 MB before it collects; a frame makes a few hundred KB of garbage. With 4 MB a
 * worker takes 20 MB less under load and no more CPU.
 */
const maxYoungGenerationSizeMb = 4;

/** In a checkout the entry is TypeScript, in `dist` it is JavaScript. */
const entryUrl = new URL(`../../worker/entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export class WorkerHandle {
  readonly #worker: Worker;
  readonly #nativeCalls = new NativeCalls();
  readonly #events: WorkerEvents;
  #state: WorkerState = { kind: 'booting' };
  #error: Error | undefined;
  #report: WorkerReport | undefined;
  #hasRun = false;

  /**
   * @param maxHeapMegabytes objects that the thread may keep. A tool that fills it loses the thread; V8's own limit is gigabytes. Tensors,
   * pictures and WebAssembly lie elsewhere. One huge array or map ends the process, whatever the limit.
   */
  constructor(setup: WorkerSetup, maxHeapMegabytes: number, events: WorkerEvents) {
    this.#events = events;
    this.#worker = new Worker(entryUrl, {
      workerData: { ...setup, nativeCalls: this.#nativeCalls.memory } satisfies WorkerData,
      name: 'framegate-worker',
      resourceLimits: { maxYoungGenerationSizeMb, maxOldGenerationSizeMb: maxHeapMegabytes },
      // Handed on by Node it would go to this process's streams, which would buffer without a limit for a reader that does not read.
      stdout: true,
      stderr: true,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => events.printed(text));
    }
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#error = error instanceof Error ? error : new Error(String(error));
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

  /** Whether it was ever set to a frame. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Since when it is idle; `-Infinity` while it is not. */
  get idleSinceMs(): number {
    return this.#state.kind === 'idle' ? this.#state.sinceMs : Number.NEGATIVE_INFINITY;
  }

  /** When its frame times out; `Infinity` while it has none. */
  get deadlineMs(): number {
    return this.#state.kind === 'busy' ? this.#state.job.deadlineMs : Number.POSITIVE_INFINITY;
  }

  /** Sets the idle worker to a frame that lies in the memory it was started with. */
  start({ pipelineId, frameIndex, slot }: StartedFrame, deadlineMs: number, settle: Job['settle']): void {
    if (this.#state.kind !== 'idle') throw new Error(`a frame for a worker that is ${this.#state.kind}`);
    this.#hasRun = true;
    this.#state = { kind: 'busy', job: { slot, deadlineMs, settle } };
    const { offset, byteLength } = slot;
    this.#send({ type: 'frame', pipelineId, frameIndex, offset, byteLength });
  }

  /**
   * Answers the frame as timed out and takes the thread out of service. It is not terminated yet: a thread that is ended inside
   * ONNX Runtime or jpeg-turbo takes the whole process with it, and most come back. Until it ends it may read its frame.
   */
  expire(): void {
    if (this.#state.kind !== 'busy') return;
    const { slot, settle } = this.#state.job;
    this.#state = { kind: 'timed_out', slot };
    this.#send({ type: 'stop' });
    settle({ type: 'failed', code: 'pipeline_failure', detail: timedOutDetail, reason: timedOutDetail });
  }

  /**
   * Ends a thread that has not come back from a frame that timed out, unless it is in ONNX Runtime or jpeg-turbo just now; those it enters no
   * more. Native code of a user's tool is not known, and may take the process with it.
   * @returns whether it was ended; if not, it is to be asked again.
   */
  terminateStuck(): boolean {
    if (this.#state.kind !== 'timed_out' || !this.#nativeCalls.forbid()) return false;
    void this.#worker.terminate();
    return true;
  }

  /** Asks a worker without a frame to end; a booting one does so when its models are loaded. */
  stop(): void {
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'booting') return;
    this.#state = { kind: 'stopping' };
    this.#send({ type: 'stop' });
  }

  #send(command: ToWorker): void {
    this.#worker.postMessage(command);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#report = message.report;
        if (this.#state.kind !== 'booting') return;
        this.#state = { kind: 'idle', sinceMs: performance.now() };
        this.#events.ready(this);
        return;
      case 'boot_failed':
        this.#events.bootFailed(this, message.issues);
        return;
      case 'result':
      case 'failed': {
        if (this.#state.kind !== 'busy') return; // Timed out: the frame has its answer already.
        const { slot, settle } = this.#state.job;
        slot.release();
        this.#state = { kind: 'idle', sinceMs: performance.now() };
        this.#events.idle(this);
        settle(message);
        return;
      }
      default:
        message satisfies never;
    }
  }

  #ended(): void {
    const state = this.#state;
    const wasAsked = state.kind === 'stopping' || state.kind === 'timed_out';
    this.#state = { kind: 'exited' };
    if (state.kind === 'timed_out') state.slot.release();
    if (state.kind === 'busy') {
      state.job.slot.release();
      state.job.settle({ type: 'dropped', reason: 'worker_lost' });
    }
    const error = this.#error ?? (wasAsked ? undefined : new Error('the worker thread ended by itself'));
    this.#events.exited(this, error);
  }
}
