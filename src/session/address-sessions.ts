/** Peers that send single frames over HTTP: one session of the pool for each address, while it keeps sending. Main thread. */
import type { Pool } from '../pool/pool.ts';

interface Presence {
  requests: number;
  lastRequestMs: number;
}

/** An address that has sent nothing for this long is forgotten, and its share with it. */
const forgetAfterMs = 10_000;

export class AddressSessions {
  readonly #pool: Pick<Pool, 'openSession' | 'closeSession'>;
  readonly #present = new Map<string, Presence>();
  #sweptMs = 0;

  constructor(pool: Pick<Pool, 'openSession' | 'closeSession'>) {
    this.#pool = pool;
  }

  get size(): number {
    return this.#present.size;
  }

  /**
   * Counts a request of an address.
   * @param mayOpen whether there is room for an address that is not known yet.
   * @returns the pool's name of its session; `undefined` where there is no room.
   */
  enter(address: string, nowMs: number, mayOpen: () => boolean): string | undefined {
    this.#sweep(nowMs);
    let presence = this.#present.get(address);
    if (presence === undefined) {
      if (!mayOpen()) return undefined;
      presence = { requests: 0, lastRequestMs: nowMs };
      this.#present.set(address, presence);
      this.#pool.openSession(sessionIdOf(address), 'each');
    }
    presence.requests += 1;
    presence.lastRequestMs = nowMs;
    return sessionIdOf(address);
  }

  /** The request has its answer. */
  leave(address: string): void {
    const presence = this.#present.get(address);
    if (presence !== undefined) presence.requests -= 1;
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < forgetAfterMs) return;
    this.#sweptMs = nowMs;
    for (const [address, { requests, lastRequestMs }] of this.#present) {
      if (requests > 0 || nowMs - lastRequestMs < forgetAfterMs) continue;
      this.#present.delete(address);
      this.#pool.closeSession(sessionIdOf(address));
    }
  }
}

/** Streams are named by UUIDs, so the two cannot meet. */
function sessionIdOf(address: string): string {
  return `http ${address}`;
}
