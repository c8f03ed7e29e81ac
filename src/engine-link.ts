/** A worker's connections to the engine threads, as they are passed between threads. Types only. */
import type { MessagePort } from 'node:worker_threads';
import type { EngineStatus } from './status.ts';

/** One worker's connection to one engine. */
export interface EngineLink {
  /** Number of the engine, from 0. A replaced engine keeps its number. */
  readonly engine: number;
  /** Stands for the worker in the memory that it shares with others; above 0. */
  readonly owner: number;
  /** The worker's end of the channel. */
  readonly port: MessagePort;
  /** Int32: rows that all workers have submitted and not received yet. */
  readonly load: SharedArrayBuffer;
}

/** What a worker is told about engines while it runs. */
export interface LinkedWorker {
  /** An engine has been replaced: here is the connection to the new one. */
  link(link: EngineLink): void;
  /** An engine is lost: it will not answer any more. */
  lost(engine: number): void;
}

/** The engines, as far as the pool needs to know them. */
export interface EngineLinks {
  /**
   * Connects a worker with the engines that run now, and from then on with those that replace them.
   * @returns the connections, and the end of it.
   */
  attach(worker: LinkedWorker): { readonly links: readonly EngineLink[]; readonly detach: () => void };
  status(): readonly EngineStatus[];
}
