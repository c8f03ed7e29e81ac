/** Peers that send single frames over HTTP: one session of the pool for each address, while it keeps sending. Main thread. */
import type { Pool } from '../pool/pool.ts';

interface AddressActivity {
  requests: number;
  lastRequestMs: number;
}

/** An address that has sent nothing for this long is forgotten, and its share with it. */
const forgetAfterMs = 10_000;

export class AddressSessions {
  readonly #pool: Pick<Pool, 'openSession' | 'closeSession'>;
  readonly #active = new Map<string, AddressActivity>();
  #checkedAtMs = 0;

  constructor(pool: Pick<Pool, 'openSession' | 'closeSession'>) {
    this.#pool = pool;
  }

  get size(): number {
    return this.#active.size;
  }

  /**
   * Counts a request of an address.
   * @param mayOpen whether there is room for an address that is not known yet.
   * @returns the pool's name of its session; `undefined` where there is no room.
   */
  enter(address: string, nowMs: number, mayOpen: () => boolean): string | undefined {
    this.#closeExpired(nowMs);
    let activity = this.#active.get(address);
    if (activity === undefined) {
      if (!mayOpen()) return undefined;
      activity = { requests: 0, lastRequestMs: nowMs };
      this.#active.set(address, activity);
      this.#pool.openSession(sessionIdOf(address), 'each');
    }
    activity.requests += 1;
    activity.lastRequestMs = nowMs;
    return sessionIdOf(address);
  }

  /** The request has its answer. */
  leave(address: string): void {
    const activity = this.#active.get(address);
    if (activity !== undefined) activity.requests -= 1;
  }

  #closeExpired(nowMs: number): void {
    if (nowMs - this.#checkedAtMs < forgetAfterMs) return;
    this.#checkedAtMs = nowMs;
    for (const [address, { requests, lastRequestMs }] of this.#active) {
      if (requests > 0 || nowMs - lastRequestMs < forgetAfterMs) continue;
      this.#active.delete(address);
      this.#pool.closeSession(sessionIdOf(address));
    }
  }
}

/** Streams are named by UUIDs, so the two cannot meet. */
function sessionIdOf(address: string): string {
  return `http ${address}`;
}
