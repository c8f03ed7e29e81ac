/** Reads everything again that may change while the gateway runs, and puts it into use together. Main thread. */
import { ConfigError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { ReloadStatus } from '../status.ts';

/**
 * Reads and checks one part of the configuration, such as the tokens.
 * @returns what puts it into use; this must not fail.
 * @throws ConfigError if it cannot be used; nothing changes then.
 */
export type Prepare = () => Promise<() => void>;

export interface ReloaderParts {
  readonly prepare: readonly Prepare[];
  /** Replaces the pipelines. @returns the number of the generation. @throws ConfigError if that fails; nothing changes then. */
  readonly replacePipelines: () => Promise<number>;
  readonly log: Log;
}

export class Reloader {
  readonly #parts: ReloaderParts;
  #running: Promise<void> | undefined;
  #isRequested = false;
  #status: ReloadStatus = { succeeded: 0, failed: 0, issues: [] };

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
  }

  get status(): ReloadStatus {
    return this.#status;
  }

  /** Reloads now, or once more after the reload that is running, since files may have changed after it read them. */
  request(): Promise<void> {
    this.#isRequested = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isRequested) {
      this.#isRequested = false;
      await this.#reload();
    }
    this.#running = undefined;
  }

  async #reload(): Promise<void> {
    const { prepare, replacePipelines, log } = this.#parts;
    const startedAtMs = performance.now();
    try {
      const changes = await Promise.all(prepare.map((read) => read()));
      // The only step that can still fail, so it comes before everything else changes.
      const generation = await replacePipelines();
      for (const apply of changes) apply();
      this.#status = { ...this.#status, succeeded: this.#status.succeeded + 1, issues: [] };
      const reload_ms = Math.round(performance.now() - startedAtMs);
      log.info('reload', { generation, reload_ms }, 'reloaded');
    } catch (error) {
      const issues = error instanceof ConfigError ? error.issues : [String(error)];
      this.#status = { ...this.#status, failed: this.#status.failed + 1, issues };
      log.error('reload_failed', { issues }, 'reload failed; nothing has changed');
    }
  }
}
