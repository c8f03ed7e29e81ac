/** The last sessions that ended, in memory only. Main thread. */
import type { Observers } from '../observe/observer.ts';
import { timestamp } from '../observe/timestamp.ts';
import type { EndedSession } from '../status.ts';

/** With fewer than some dozen, a camera that reconnects in a loop would displace all others. */
const maxSessions = 100;

export class EndedSessions {
  readonly #newestLast: EndedSession[] = [];

  constructor(observers: Pick<Observers, 'on'>) {
    observers.on('sessionEnded', (_source, { status, by, closeCode, error }) => {
      if (this.#newestLast.length >= maxSessions) this.#newestLast.shift();
      this.#newestLast.push({
        ...status,
        ended_at: timestamp(),
        ended_by: by,
        close_code: closeCode,
        ...(error === undefined ? {} : { error: error.code, detail: error.detail }),
      });
    });
  }

  /** Newest first. */
  get list(): EndedSession[] {
    return this.#newestLast.toReversed();
  }
}
