/** One worker thread as seen from the event loop: its state and current frame. Main thread. */
import '../../observe/no-telemetry.ts';

import { type Transferable, Worker } from 'node:worker_threads';
import type { EngineLink, EngineLinks } from '../../engine-link.ts';
import { NativeCalls } from '../../observe/native-calls.ts';
import type { StartedFrame } from '../executor.ts';
import {
  type FrameOutcome,
  type FromWorker,
  type ProviderError,
  type ToWorker,
  timedOut,
  type WorkerData,
  type WorkerReport,
  type WorkerSetup,
} from '../messages.ts';

/** The frame that a worker is running; `settle` is called once. */
interface Job {
  readonly frame: StartedFrame;
  readonly deadlineMs: number;
  readonly settle: (outcome: FrameOutcome) => void;
}

/**
 * booting → idle ⇄ busy, and from there: timed_out (the frame has failed; the thread is asked to stop and does so when the frame ends, or
 * is terminated) or stopping; exited when the thread has ended.
 */
type WorkerState =
  | { readonly kind: 'booting' }
  | { readonly kind: 'idle'; readonly sinceMs: number }
  | { readonly kind: 'busy'; readonly job: Job }
  | { readonly kind: 'timed_out'; readonly frame: StartedFrame }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'exited' };

export interface WorkerEvents {
  /** Models are loaded and warmed up. */
  ready(worker: WorkerHandle, providerErrors: readonly ProviderError[]): void;
  /** The frame's outcome is about to be reported, and the next frame may start. */
  idle(worker: WorkerHandle): void;
  /** It is served by an engine again. */
  linked(worker: WorkerHandle): void;
  /** The thread has ended; `error` is set if it was not asked to, and `frame` if it was running one. */
  exited(worker: WorkerHandle, error: Error | undefined, frame: StartedFrame | undefined): void;
  bootFailed(worker: WorkerHandle, issues: readonly string[]): void;
  /** A tool, or a package that it uses, printed something. */
  printed(text: string): void;
}

/**
 * V8 lets the young generation of each thread grow to 48 MB before collecting it; a frame creates a few hundred KB of garbage. With 4 MB,
 * a worker needs 20 MB less under load and no more CPU.
 */
const maxYoungGenerationSizeMb = 4;

/** The entry is TypeScript in a checkout and JavaScript in `dist`. */
const entryUrl = new URL(`../../worker/entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** `unlinked`: idle, but without the engine that its models need. */
export type WorkerKind = WorkerState['kind'] | 'unlinked';

export interface WorkerOptions {
  /**
   * Limit of the JavaScript heap; V8's default is gigabytes. A tool that exceeds it loses the thread. Tensors, images and WebAssembly are
   * not part of the heap. A single huge array or map ends the process regardless of the limit.
   */
  readonly maxHeapMegabytes: number;
  /** Engines of accelerators; undefined if there are none. */
  readonly engines?: EngineLinks | undefined;
}

export class WorkerHandle {
  readonly #worker: Worker;
  readonly #nativeCalls = new NativeCalls();
  readonly #events: WorkerEvents;
  #state: WorkerState = { kind: 'booting' };
  #error: Error | undefined;
  #report: WorkerReport | undefined;
  #hasRun = false;

  /** Engines in which its models are open. */
  readonly #engines = new Set<number>();
  /** Engines by the number of the order to link them. */
  readonly #linking = new Map<number, number>();
  #lastLink = 0;
  #needsEngine = false;
  readonly #detach: () => void;

  constructor(setup: WorkerSetup, { maxHeapMegabytes, engines }: WorkerOptions, events: WorkerEvents) {
    this.#events = events;
    const { links = [], detach = () => undefined } =
      engines?.attach({
        link: (link) => this.#link(link),
        lost: (engine) => this.#loseEngine(engine),
      }) ?? {};
    this.#detach = detach;
    for (const { engine } of links) this.#engines.add(engine);
    this.#worker = new Worker(entryUrl, {
      workerData: { ...setup, nativeCalls: this.#nativeCalls.memory, engines: links } satisfies WorkerData,
      transferList: links.map(({ port }) => port),
      name: 'framegate-worker',
      resourceLimits: { maxYoungGenerationSizeMb, maxOldGenerationSizeMb: maxHeapMegabytes },
      // If Node forwarded it, this process's streams would buffer it without a limit when nobody reads them.
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

  get kind(): WorkerKind {
    const isUnlinked = this.#state.kind === 'idle' && this.#needsEngine && this.#engines.size === 0;
    return isUnlinked ? 'unlinked' : this.#state.kind;
  }

  /** Set once the worker is ready. */
  get report(): WorkerReport | undefined {
    return this.#report;
  }

  /** Whether the worker has ever started a frame. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Since when the worker is idle; `-Infinity` if it is not. */
  get idleSinceMs(): number {
    return this.#state.kind === 'idle' ? this.#state.sinceMs : Number.NEGATIVE_INFINITY;
  }

  /** When the current frame times out; `Infinity` if there is none. */
  get deadlineMs(): number {
    return this.#state.kind === 'busy' ? this.#state.job.deadlineMs : Number.POSITIVE_INFINITY;
  }

  /** The frame that it is running, also if that has timed out. */
  get frame(): StartedFrame | undefined {
    if (this.#state.kind === 'timed_out') return this.#state.frame;
    return this.#state.kind === 'busy' ? this.#state.job.frame : undefined;
  }

  /** Starts a frame in the idle worker; the frame must be in the memory passed at startup. */
  start(frame: StartedFrame, deadlineMs: number, settle: Job['settle']): void {
    if (this.kind !== 'idle') throw new Error(`cannot start a frame: worker is ${this.kind}`);
    this.#hasRun = true;
    this.#state = { kind: 'busy', job: { frame, deadlineMs, settle } };
    const { source, frameIndex, moment, slot } = frame;
    const { offset, byteLength } = slot;
    this.#send({ type: 'frame', pipelineId: source.pipelineId, frameIndex, moment, offset, byteLength });
  }

  /**
   * Reports the frame as timed out and takes the thread out of service. The thread is not terminated yet: terminating it inside ONNX Runtime
   * or jpeg-turbo would abort the process, and most threads finish. Until it ends, it may still read its frame.
   */
  expire(): void {
    if (this.#state.kind !== 'busy') return;
    const { frame, settle } = this.#state.job;
    this.#state = { kind: 'timed_out', frame };
    this.#send({ type: 'stop' });
    settle(timedOut);
  }

  /**
   * Terminates a thread that is still running a frame that timed out, unless it is in ONNX Runtime or jpeg-turbo now; it is prevented from
   * entering them again. Native code of a user's tool is not tracked and may abort the process.
   * @returns whether it was terminated; if not, try again later.
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

  #send(command: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(command, transfer);
  }

  #link(link: EngineLink): void {
    this.#lastLink += 1;
    this.#linking.set(this.#lastLink, link.engine);
    this.#send({ type: 'link_engine', number: this.#lastLink, link }, [link.port]);
  }

  #loseEngine(engine: number): void {
    this.#engines.delete(engine);
    // The worker may have linked it already, and not know yet that it is lost.
    for (const [number, each] of this.#linking) if (each === engine) this.#linking.delete(number);
    this.#send({ type: 'engine_lost', engine });
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#report = message.report;
        this.#needsEngine = message.needsEngine;
        if (this.#state.kind !== 'booting') return;
        this.#state = { kind: 'idle', sinceMs: performance.now() };
        this.#events.ready(this, message.providerErrors);
        return;
      case 'boot_failed':
        this.#events.bootFailed(this, message.issues);
        return;
      case 'engine_linked': {
        const engine = this.#linking.get(message.number);
        if (engine === undefined) return;
        this.#linking.delete(message.number);
        this.#engines.add(engine);
        this.#events.linked(this);
        return;
      }
      case 'engine_unlinked':
        this.#engines.delete(message.engine);
        return;
      case 'result':
      case 'failed':
      case 'dropped': {
        if (this.#state.kind !== 'busy') return; // Timed out: the frame already has its outcome.
        const { frame, settle } = this.#state.job;
        frame.slot.release();
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
    this.#detach();
    const { frame } = this;
    const state = this.#state;
    const wasExpected = state.kind === 'stopping' || state.kind === 'timed_out';
    this.#state = { kind: 'exited' };
    frame?.slot.release();
    if (state.kind === 'busy') state.job.settle({ type: 'dropped', reason: 'worker_lost' });
    const error = this.#error ?? (wasExpected ? undefined : new Error('worker thread exited by itself'));
    this.#events.exited(this, error, frame);
  }
}
