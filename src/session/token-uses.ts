/** What each token or JWT subject uses of its limits: open sessions, frames per second, what results tell. Main thread. */
import type { Grant } from '../auth/grant.ts';
import { RateBucket } from './rate-bucket.ts';
import { limitResult } from './result-limits.ts';

/** A bucket is full again after this long. */
const burstSeconds = 1;
const msPerSecond = 1000;

/** One token, shared by all its sessions and requests. */
export class TokenUse {
  #grant: Grant;
  readonly #frames: RateBucket;
  sessions = 0;

  constructor(grant: Grant, nowMs: number) {
    this.#grant = grant;
    this.#frames = new RateBucket(burstOf(grant), nowMs);
  }

  get name(): string {
    return this.#grant.name;
  }

  get hasRoomForSession(): boolean {
    return this.sessions < this.#grant.maxSessions;
  }

  /** The limits may change when tokens are read again, or with the next JWT of a subject. */
  apply(grant: Grant): void {
    this.#grant = grant;
  }

  /** Counts a frame. @returns false if the token exceeds its rate. */
  takeFrame(nowMs: number): boolean {
    const { maxFramesPerSecond } = this.#grant;
    if (maxFramesPerSecond === Number.POSITIVE_INFINITY) return true;
    return this.#frames.take(1, maxFramesPerSecond, burstOf(this.#grant), nowMs);
  }

  /** A result as JSON, with as much as the token permits. */
  limitResult(text: string): string {
    return limitResult(text, this.#grant);
  }

  /** Whether it can be removed without losing any state. */
  isUnused(nowMs: number): boolean {
    return this.sessions === 0 && nowMs - this.#frames.usedMs >= burstSeconds * msPerSecond;
  }
}

/** At least one frame. */
function burstOf({ maxFramesPerSecond }: Grant): number {
  return Math.max(1, maxFramesPerSecond * burstSeconds);
}

export class TokenUses {
  readonly #byName = new Map<string, TokenUse>();

  get size(): number {
    return this.#byName.size;
  }

  /** The use of a grant's token, with the limits of this grant. */
  of(grant: Grant, nowMs: number): TokenUse {
    let use = this.#byName.get(grant.name);
    if (use === undefined) {
      use = new TokenUse(grant, nowMs);
      this.#byName.set(grant.name, use);
    } else use.apply(grant);
    return use;
  }

  /** Removes tokens that are not in use. Called periodically. */
  removeUnused(nowMs: number): void {
    for (const [name, use] of this.#byName) if (use.isUnused(nowMs)) this.#byName.delete(name);
  }
}
