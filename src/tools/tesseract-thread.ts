/** Manages the tesseract.js thread next to the worker: starts it, runs one job at a time, restarts it if it dies. */
import { dirname, join } from 'node:path';
import type { Worker as NodeThread } from 'node:worker_threads';
import english from '@tesseract.js-data/eng';
import { createWorker, OEM, type Page, type PSM, type RecognizeOptions, type Worker } from 'tesseract.js';

/** A tesseract.js worker with its thread, which the library returns but does not declare. */
type StartedWorker = Worker & { readonly worker: NodeThread };

/** Frames have no resolution. Without one, tesseract guesses it and prints a warning to stderr for every frame. */
const dotsPerInch = '300';

/** Discards tesseract's messages about single frames, such as one that is too small: they would flood the log. */
const debugFile = '/dev/null';

/** The language data as an npm package: nothing is fetched, and nothing is cached in the working directory. */
const languageDir = join(dirname(english.langPath), '4.0.0_best_int');

export interface RecognitionJob {
  readonly mode: PSM;
  /** An encoded image file. */
  readonly encoded: Buffer;
  readonly options: Partial<RecognizeOptions>;
  /** Whether to return the boxes of lines and words in addition to the text. */
  readonly withBlocks: boolean;
}

export class TesseractThread {
  #worker: StartedWorker | undefined;
  #mode: PSM | undefined;
  /** Rejects the running job when the thread dies; tesseract.js itself would never settle it. */
  #abort: ((reason: Error) => void) | undefined;

  private constructor() {}

  /** @throws Error when the language data cannot be loaded. */
  static async create(langPath: string = languageDir): Promise<TesseractThread> {
    const thread = new TesseractThread();
    await thread.#start(langPath);
    return thread;
  }

  /**
   * Runs one job; the caller must wait for it before the next one. Restarts the thread first if it has died.
   * @throws Error when tesseract cannot decode the image, or its thread dies during the job.
   */
  async recognize({ mode, encoded, options, withBlocks }: RecognitionJob): Promise<Page> {
    const worker = this.#worker ?? (await this.#start(languageDir));
    const aborted = new Promise<never>((_resolve, reject) => {
      this.#abort = reject;
    });
    const recognized = async () => {
      if (this.#mode !== mode) await worker.setParameters({ tessedit_pageseg_mode: mode });
      this.#mode = mode;
      return worker.recognize(encoded, options, { text: true, blocks: withBlocks });
    };
    try {
      return (await Promise.race([recognized(), aborted])).data;
    } catch (reason) {
      throw asError(reason);
    } finally {
      this.#abort = undefined;
    }
  }

  /** Stops the thread and waits for its exit. */
  async close(): Promise<void> {
    await this.#worker?.worker.terminate();
  }

  async #start(langPath: string): Promise<StartedWorker> {
    const worker = await startWorker(langPath);
    // Without a listener, an error in the thread would end the worker and unload the models of other tools.
    worker.worker.on('error', (reason: unknown) => this.#forget(worker, asError(reason)));
    worker.worker.on('exit', () => this.#forget(worker, new Error('tesseract thread exited')));
    await worker.setParameters({ user_defined_dpi: dotsPerInch, debug_file: debugFile });
    this.#worker = worker;
    this.#mode = undefined;
    return worker;
  }

  /** An error is followed by an exit event, which may arrive when the next thread has already started. */
  #forget(worker: StartedWorker, reason: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#abort?.(reason);
  }
}

/** `createWorker` does not reject when the data cannot be loaded; only `errorHandler` is called. */
function startWorker(langPath: string): Promise<StartedWorker> {
  return new Promise((resolve, reject) => {
    const options = {
      langPath,
      cacheMethod: 'none',
      gzip: true,
      // No effect once the promise is settled: each failed job also rejects its own promise.
      errorHandler: (reason: unknown) => reject(asError(reason)),
    };
    createWorker('eng', OEM.LSTM_ONLY, options).then((worker) => resolve(worker as StartedWorker), reject);
  });
}

/** tesseract.js rejects with strings. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`tesseract: ${String(reason)}`);
}
