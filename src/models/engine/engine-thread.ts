/** One engine thread as seen from the main thread: its state, and whether it hangs. Main thread. */
import '../../observe/no-telemetry.ts';

import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { NativeCalls } from '../../observe/native-calls.ts';
import type { RefusedProvider } from './device.ts';
import { EngineCounters } from './engine-counters.ts';
import type { EngineNotice } from './engine-models.ts';
import type { EngineThreadData, FromEngineThread, ToEngineThread } from './thread-messages.ts';

/** Which providers of a device can be used, and why the others cannot. */
export interface OpenedProviders {
  readonly usable: readonly string[];
  readonly errors: readonly RefusedProvider[];
}

export interface EngineThreadEvents {
  /** The device is open; without a usable provider, the engine is of no use. */
  opened(providers: OpenedProviders): void;
  notice(notice: EngineNotice): void;
  /** It hangs, or has ended without being asked to. Called once; nothing is answered any more. */
  lost(reason: string): void;
  /** The thread has ended. Not called for one that hangs in native code forever. */
  exited(): void;
  printed(text: string): void;
}

export interface EngineThreadOptions {
  /** Module of the thread; see `entry.ts`. */
  readonly entryUrl: URL;
  readonly providers: readonly string[];
  readonly deviceId: number | undefined;
  /** A run that takes longer hangs. */
  readonly maxRunMs: number;
  readonly maxHeapMegabytes: number;
}

/** A driver that needs longer to open a device hangs. */
const maxOpenMs = 60_000;
/** A hang is noticed within its limit and two of these. */
const watchMs = 100;

export class EngineThread {
  readonly counters = new EngineCounters();
  readonly #nativeCalls = new NativeCalls();
  readonly #worker: Worker;
  readonly #events: EngineThreadEvents;
  readonly #maxRunMs: number;
  readonly #watch: NodeJS.Timeout;
  readonly #opening: NodeJS.Timeout;
  #isStopping = false;
  #isLost = false;
  #error: Error | undefined;
  /** The run that lasted at the last look, and when it was first seen. */
  #seenRun = 0;
  #seenMs = 0;

  constructor(
    { entryUrl, providers, deviceId, maxRunMs, maxHeapMegabytes }: EngineThreadOptions,
    events: EngineThreadEvents,
  ) {
    this.#events = events;
    this.#maxRunMs = maxRunMs;
    const workerData: EngineThreadData = {
      ...{ providers, deviceId, counters: this.counters.memory, nativeCalls: this.#nativeCalls.memory },
    };
    this.#worker = new Worker(entryUrl, {
      workerData,
      name: 'framegate-engine',
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
      stdout: true,
      stderr: true,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => events.printed(text));
    this.#worker.on('message', (message: FromEngineThread) => {
      if (message.type === 'opened') {
        clearTimeout(this.#opening);
        events.opened(message);
      } else events.notice(message.notice);
    });
    this.#worker.on('error', (error) => {
      this.#error = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on('exit', () => this.#ended());
    this.#opening = setTimeout(() => this.giveUp(`the device has not opened within ${maxOpenMs} ms`), maxOpenMs);
    this.#opening.unref();
    this.#watch = setInterval(() => this.#look(), watchMs);
    this.#watch.unref();
  }

  /** Serves a worker. @param port the engine's end of the channel. */
  connect(owner: number, port: MessagePort): void {
    this.#send({ type: 'connect', owner, port }, [port]);
  }

  /** Asks the thread to release everything and end, after what it is doing. */
  stop(): void {
    this.#isStopping = true;
    this.#send({ type: 'stop' });
  }

  /** Gives up a thread whose device cannot be used. Its loss is reported. */
  giveUp(reason: string): void {
    this.#lose(reason);
    this.#terminate();
  }

  /**
   * Ends a thread that is not in native code now, and keeps it from entering it. A run that hangs in a driver cannot be ended within a
   * process: its thread is left behind, and is ended if the driver ever returns.
   */
  #terminate(): void {
    if (this.#nativeCalls.forbid()) void this.#worker.terminate();
  }

  #look(): void {
    if (this.#isLost) {
      this.#terminate();
      return;
    }
    const run = this.counters.currentRun;
    const nowMs = performance.now();
    if (run !== this.#seenRun) {
      this.#seenRun = run;
      this.#seenMs = nowMs;
    } else if (run !== 0 && nowMs - this.#seenMs > this.#maxRunMs) {
      this.giveUp(`a run has lasted longer than ${this.#maxRunMs} ms`);
    }
  }

  #ended(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#opening);
    if (!this.#isStopping) this.#lose(this.#error?.message ?? 'the thread exited by itself');
    this.#events.exited();
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#events.lost(reason);
  }

  #send(message: ToEngineThread, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
