/** Keeps tesseract.js's own thread alive beside the worker: starts it, hands it one job at a time, replaces it when it dies. */
import { dirname, join } from 'node:path';
import type { Worker as NodeThread } from 'node:worker_threads';
import english from '@tesseract.js-data/eng';
import { createWorker, OEM, type Page, type PSM, type RecognizeOptions, type Worker } from 'tesseract.js';

/** What tesseract.js returns but does not declare: the thread it runs on. */
type StartedWorker = Worker & { readonly worker: NodeThread };

/** Frames carry no resolution; without one tesseract guesses it, and says so on standard error for every frame. */
const dotsPerInch = '300';

/** Tesseract's remarks on single frames, such as one that is too small: nobody reads them, and they are many. */
const remarksFile = '/dev/null';

/** The language data as an npm package: nothing is fetched, and nothing is cached in the working directory. */
const languageDir = join(dirname(english.langPath), '4.0.0_best_int');

export interface RecognitionJob {
  readonly mode: PSM;
  /** An encoded picture. */
  readonly picture: Buffer;
  readonly options: Partial<RecognizeOptions>;
  /** Whether the places of lines and words are wanted, besides the text. */
  readonly places: boolean;
}

export class TesseractThread {
  #worker: StartedWorker | undefined;
  #mode: PSM | undefined;
  /** Ends the job that runs; tesseract.js itself would leave it waiting for ever. */
  #abort: ((reason: Error) => void) | undefined;

  private constructor() {}

  /** @throws Error when the language data cannot be loaded. */
  static async create(langPath: string = languageDir): Promise<TesseractThread> {
    const thread = new TesseractThread();
    await thread.#start(langPath);
    return thread;
  }

  /**
   * Runs one job; a caller waits for it before the next. A thread that has died is replaced first.
   * @throws Error when tesseract cannot read the picture, or its thread dies meanwhile.
   */
  async recognize({ mode, picture, options, places }: RecognitionJob): Promise<Page> {
    const worker = this.#worker ?? (await this.#start(languageDir));
    const aborted = new Promise<never>((_resolve, reject) => {
      this.#abort = reject;
    });
    const recognized = async () => {
      if (this.#mode !== mode) await worker.setParameters({ tessedit_pageseg_mode: mode });
      this.#mode = mode;
      return worker.recognize(picture, options, { text: true, blocks: places });
    };
    try {
      return (await Promise.race([recognized(), aborted])).data;
    } catch (reason) {
      throw asError(reason);
    } finally {
      this.#abort = undefined;
    }
  }

  /** Stops the thread, and waits until it has gone. */
  async close(): Promise<void> {
    await this.#worker?.worker.terminate();
  }

  async #start(langPath: string): Promise<StartedWorker> {
    const worker = await startWorker(langPath);
    // Without a listener, an error of the thread would end the worker, and with it other tools' models.
    worker.worker.on('error', (reason: unknown) => this.#forget(worker, asError(reason)));
    worker.worker.on('exit', () => this.#forget(worker, new Error('the tesseract thread has ended')));
    await worker.setParameters({ user_defined_dpi: dotsPerInch, debug_file: remarksFile });
    this.#worker = worker;
    this.#mode = undefined;
    return worker;
  }

  /** An error is followed by an exit, which may come when the next thread is already there. */
  #forget(worker: StartedWorker, reason: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#abort?.(reason);
  }
}

/** `createWorker` settles only when all goes well: that the data cannot be loaded is told to the handler alone. */
function startWorker(langPath: string): Promise<StartedWorker> {
  return new Promise((resolve, reject) => {
    const options = {
      langPath,
      cacheMethod: 'none',
      gzip: true,
      // Once the promise is settled this does nothing: each failed job rejects its own promise as well.
      errorHandler: (reason: unknown) => reject(asError(reason)),
    };
    createWorker('eng', OEM.LSTM_ONLY, options).then((worker) => resolve(worker as StartedWorker), reject);
  });
}

/** tesseract.js rejects with strings. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`tesseract: ${String(reason)}`);
}
