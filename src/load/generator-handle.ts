/** Starts and controls one generator thread. Main thread. */
import { Worker } from 'node:worker_threads';
import type { FromGenerator, GeneratorReport, GeneratorSetup, Progress, ToGenerator } from './messages.ts';

export interface Readiness {
  readonly opened: number;
  readonly failure: string | undefined;
}

/** TypeScript in a checkout, JavaScript in `dist`. */
const entryUrl = new URL(`./generator${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

export class GeneratorHandle {
  /** Resolves when every connection attempt has finished. Rejects when the thread fails. */
  readonly ready: Promise<Readiness>;
  /** Resolves when its part of the run is over. Rejects when the thread fails. */
  readonly done: Promise<GeneratorReport>;
  /** Never resolves; rejects when the thread fails. */
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
    // A caller may await only one of them; without this, the others would be unhandled rejections.
    for (const promise of [this.failed, this.ready, this.done]) promise.catch(() => undefined);

    this.#worker = new Worker(entryUrl, { workerData: setup, name: 'framegate-load' });
    this.#worker.on('error', (error) => failed.reject(error));
    this.#worker.on('exit', () => {
      failed.reject(new Error('generator thread exited early'));
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

  /** Terminates the thread and waits for its exit. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }
}
