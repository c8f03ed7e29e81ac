/** The engine of one device: starts it, notices its loss, and replaces it. Main thread. */
import type { Log } from '../../observe/log.ts';
import type { EngineState, EngineStatus } from '../../status.ts';
import type { EngineNotice } from './engine-models.ts';
import { EngineThread, type EngineThreadOptions, type OpenedProviders } from './engine-thread.ts';

export interface EngineSlotOptions extends Omit<EngineThreadOptions, 'deviceId'> {
  readonly number: number;
  /** Index of the device; undefined if the provider chooses. */
  readonly deviceId: number | undefined;
  readonly log: Log;
  /** A replacement serves. */
  readonly replaced: (slot: EngineSlot) => void;
  /** It does not answer any more. */
  readonly lost: (slot: EngineSlot) => void;
}

/** A lost engine is replaced after this time, doubled on each attempt up to the maximum. */
const minRetryMs = 200;
const maxRetryMs = 30_000;
/** An engine that has served for this long was not lost because it cannot start. */
const provenMs = 60_000;
/** Threads that hang in a driver and cannot be ended keep their memory: with so many, a device is given up until one ends. */
const maxHanging = 2;

/** Maximum characters of one output of a driver that are written to the log. */
const maxPrintedLength = 2000;

export class EngineSlot {
  readonly number: number;
  readonly #options: EngineSlotOptions;
  #thread: EngineThread;
  #state: EngineState = 'starting';
  #providers: readonly string[] = [];
  #readyMs = 0;
  #retryMs = minRetryMs;
  #isStopping = false;
  /** Threads that have not ended. */
  readonly #threads = new Set<EngineThread>();
  #stopped: PromiseWithResolvers<void> | undefined;
  #first = Promise.withResolvers<OpenedProviders>();

  constructor(options: EngineSlotOptions) {
    this.#options = options;
    this.number = options.number;
    this.#thread = this.#start();
  }

  /** Resolves when the device is open for the first time; without usable providers if its thread ends before. */
  get opened(): Promise<OpenedProviders> {
    return this.#first.promise;
  }

  /** The engine while it serves. */
  get thread(): EngineThread | undefined {
    return this.#state === 'ready' ? this.#thread : undefined;
  }

  status(): EngineStatus {
    const { deviceId } = this.#options;
    const { rows, batches, busyMs } = this.#thread.counters.totals;
    return {
      ...{ engine: this.number, ...(deviceId !== undefined && { device: deviceId }) },
      ...{ state: this.#state, providers: this.#providers },
      ...{ rows, batches, busy_ms: Math.round(busyMs) },
    };
  }

  /** Ends the engine. Resolves when its threads have ended; not while one hangs. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= Promise.withResolvers();
    for (const thread of this.#threads) thread.stop();
    if (this.#threads.size === 0) this.#stopped.resolve();
    await this.#stopped.promise;
  }

  #start(): EngineThread {
    const { log, number, deviceId } = this.#options;
    const fields = { engine: number, ...(deviceId !== undefined && { device: deviceId }) };
    const thread: EngineThread = new EngineThread(this.#options, {
      opened: (providers) => this.#opened(thread, providers),
      notice: (notice) => logNotice(log, fields, notice),
      lost: (reason) => {
        log.error('engine_lost', { ...fields, reason }, 'engine lost');
        this.#lost(reason);
      },
      exited: () => {
        this.#threads.delete(thread);
        if (this.#threads.size === 0) this.#stopped?.resolve();
      },
      printed: (text) => log.info('tool_output', { text: text.slice(0, maxPrintedLength).trimEnd() }, 'engine printed'),
    });
    this.#threads.add(thread);
    return thread;
  }

  #opened(thread: EngineThread, providers: OpenedProviders): void {
    this.#first.resolve(providers);
    if (this.#isStopping) return;
    const isReplacement = this.#state === 'lost';
    if (isReplacement && providers.usable.length === 0) {
      thread.giveUp(providers.errors.map(({ provider, reason }) => `${provider}: ${reason}`).join('; '));
      return;
    }
    this.#providers = providers.usable;
    this.#state = 'ready';
    this.#readyMs = performance.now();
    if (!isReplacement) return;
    const { log, number, deviceId, replaced } = this.#options;
    const fields = { engine: number, ...(deviceId !== undefined && { device: deviceId }), providers: providers.usable };
    log.info('engine_ready', fields, 'engine replaced');
    replaced(this);
  }

  #lost(reason: string): void {
    this.#first.resolve({ usable: [], errors: this.#options.providers.map((provider) => ({ provider, reason })) });
    const wasReady = this.#state === 'ready';
    if (wasReady && performance.now() - this.#readyMs > provenMs) this.#retryMs = minRetryMs;
    this.#state = 'lost';
    if (wasReady) this.#options.lost(this);
    this.#replaceLater();
  }

  #replaceLater(): void {
    setTimeout(() => {
      if (this.#isStopping) return;
      if (this.#threads.size < maxHanging) this.#thread = this.#start();
      else this.#replaceLater();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs * 2);
  }
}

function logNotice(log: Log, fields: object, notice: EngineNotice): void {
  const named = { ...fields, model: notice.model };
  switch (notice.type) {
    case 'loading':
      log.info('engine_loading', named, 'loading model on the accelerator');
      return;
    case 'loaded':
      log.info('engine_loaded', { ...named, provider: notice.provider, load_ms: notice.ms }, 'model loaded');
      return;
    case 'unbatched':
      log.info('engine_unbatched', { ...named, reason: notice.reason }, 'model runs one frame at a time');
      return;
    case 'out_of_memory': {
      const { rows, maxBatch: max_batch } = notice;
      log.warn(
        'engine_memory_full',
        { ...named, rows, max_batch },
        'device memory is full; smaller batches from now on',
      );
      return;
    }
    default:
      notice satisfies never;
  }
}
