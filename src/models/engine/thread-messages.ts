/** Messages between the main thread and an engine thread. Types only. */
import type { MessagePort } from 'node:worker_threads';
import type { RefusedProvider } from './device.ts';
import type { EngineNotice } from './engine-models.ts';

/** Startup parameters of an engine thread. */
export interface EngineThreadData {
  /** Providers to try, in this order; without `cpu`. */
  readonly providers: readonly string[];
  readonly deviceId: number | undefined;
  /** See `EngineCounters`. */
  readonly counters: SharedArrayBuffer;
  /** See `NativeCalls`. */
  readonly nativeCalls: SharedArrayBuffer;
}

export type ToEngineThread =
  /** `port` is the engine's end of the channel to a worker. */
  | { readonly type: 'connect'; readonly owner: number; readonly port: MessagePort }
  /** Release everything and end the thread. */
  | { readonly type: 'stop' };

export type FromEngineThread =
  /** The device is open; without a usable provider, the thread ends. */
  | { readonly type: 'opened'; readonly usable: readonly string[]; readonly errors: readonly RefusedProvider[] }
  | { readonly type: 'notice'; readonly notice: EngineNotice };
