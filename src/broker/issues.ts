/** Why another process is not used: one line in the log for each reason, however often it repeats. Main thread. */
import type { EventName } from '../observe/event-names.ts';
import type { Log, LogFields } from '../observe/log.ts';

/** Processes remembered; the oldest are forgotten first. */
const maxRemembered = 1000;

export class Issues {
  readonly #log: Log;
  readonly #event: EventName;
  readonly #reported = new Map<string, string>();

  constructor(log: Log, event: EventName) {
    this.#log = log;
    this.#event = event;
  }

  /** Logs the issues of a process unless they are the same as before. */
  report(processId: string, issues: readonly string[], fields: LogFields): void {
    const text = issues.join('; ');
    if ((this.#reported.get(processId) ?? '') === text) return;
    this.#reported.delete(processId);
    this.#reported.set(processId, text);
    const oldest = this.#reported.keys().next().value;
    if (this.#reported.size > maxRemembered && oldest !== undefined) this.#reported.delete(oldest);
    if (text !== '') this.#log.warn(this.#event, { ...fields, issues }, text);
  }

  /** Forgets everything, so that it is reported again. */
  clear(): void {
    this.#reported.clear();
  }
}
