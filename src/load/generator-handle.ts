/** A generator thread as the run sees it. Main thread. */
import { Worker } from 'node:worker_threads';
import type { FromGenerator, GeneratorReport, GeneratorSetup, Progress, ToGenerator } from './messages.ts';

export interface Readiness {
  readonly opened: number;
  readonly failure: string | undefined;
}

/** In a checkout the entry is TypeScript, in `dist` it is JavaScript. */
const entryUrl = new URL(`./generator${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export class GeneratorHandle {
  /** Its cameras are connected, or could not be. Rejects when the thread failed. */
  readonly ready: Promise<Readiness>;
  /** Its part of the run is over. Rejects when the thread failed. */
  readonly done: Promise<GeneratorReport>;
  /** Never settles while the thread is well; rejects when it failed. */
  readonly failed: Promise<never>;
  progress: Progress = { offered: 0, results: 0, dropped: 0 };
  readonly #worker: Worker;
  readonly #exited: Promise<void>;

  constructor(setup: GeneratorSetup, onProgress: () => void) {
    const ready = Promise.withResolvers<Readiness>();
    const done = Promise.withResolvers<GeneratorReport>();
    const failed = Promise.withResolvers<never>();
    const exited = Promise.withResolvers<void>();
    this.failed = failed.promise;
    this.ready = Promise.race([ready.promise, failed.promise]);
    this.done = Promise.race([done.promise, failed.promise]);
    this.#exited = exited.promise;
    // Whoever waits for one of them sees the failure; nobody may be waiting for the others.
    for (const promise of [this.failed, this.ready, this.done]) promise.catch(() => undefined);

    this.#worker = new Worker(entryUrl, { workerData: setup, name: 'framegate-load' });
    this.#worker.on('error', (error) => failed.reject(error));
    this.#worker.on('exit', () => {
      failed.reject(new Error('a generator thread ended early'));
      exited.resolve();
    });
    this.#worker.on('message', (message: FromGenerator) => {
      switch (message.type) {
        case 'ready':
          ready.resolve(message);
          return;
        case 'progress':
          this.progress = message.progress;
          onProgress();
          return;
        case 'done':
          done.resolve(message.report);
          return;
      }
    });
  }

  send(message: ToGenerator): void {
    this.#worker.postMessage(message);
  }

  /** Ends the thread wherever it is; nothing of it is left afterwards. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }
}
