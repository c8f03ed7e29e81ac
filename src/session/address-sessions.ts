/** Clients that send single frames over HTTP: one pool session per address while it keeps sending. Main thread. */
import type { Pool } from '../pool/pool.ts';

interface AddressActivity {
  requests: number;
  lastRequestMs: number;
}

/** After this long without a request, an address and its share are removed. */
const removeAfterMs = 10_000;

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
   * @param hasRoom whether there is room for a new address.
   * @returns the id of its pool session; `undefined` if there is no room.
   */
  enter(address: string, nowMs: number, hasRoom: () => boolean): string | undefined {
    this.#closeExpired(nowMs);
    let activity = this.#active.get(address);
    if (activity === undefined) {
      if (!hasRoom()) return undefined;
      activity = { requests: 0, lastRequestMs: nowMs };
      this.#active.set(address, activity);
      this.#pool.openSession(sessionIdOf(address), 'requests');
    }
    activity.requests += 1;
    activity.lastRequestMs = nowMs;
    return sessionIdOf(address);
  }

  /** To be called when the reply has been sent. */
  leave(address: string): void {
    const activity = this.#active.get(address);
    if (activity !== undefined) activity.requests -= 1;
  }

  #closeExpired(nowMs: number): void {
    if (nowMs - this.#checkedAtMs < removeAfterMs) return;
    this.#checkedAtMs = nowMs;
    for (const [address, { requests, lastRequestMs }] of this.#active) {
      if (requests > 0 || nowMs - lastRequestMs < removeAfterMs) continue;
      this.#active.delete(address);
      this.#pool.closeSession(sessionIdOf(address));
    }
  }
}

/** Stream sessions are named by UUIDs, so ids cannot collide. */
function sessionIdOf(address: string): string {
  return `http ${address}`;
}
