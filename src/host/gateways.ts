/** The gateways that use a host: what they need, and how many frames each may have in flight here. Main thread. */
import type { GatewayStatus } from '../broker/statuses.ts';
import { type Claim, limitsOf } from './grants.ts';

/** A gateway as the host knows it. */
export interface Gateway {
  readonly id: string;
  /** Undefined until its first status arrives. */
  status: GatewayStatus | undefined;
  heardAtMs: number;
  inFlight: number;
}

/** What a gateway gets that has sent a frame but no status yet. */
const firstClaim: Claim = { demand: 1, weight: 1 };

/** Multiples of it are spread evenly over 0 to 1. */
const goldenRatio = 0.618_033_988_749_895;

/** A gateway that has said nothing for this many of its statuses is gone. */
const maxSilentIntervals = 4;
/** Each has at least one frame in flight, and every change of one is published to all. */
export const maxGateways = 256;

export class Gateways {
  readonly #byId = new Map<string, Gateway>();
  readonly #maxSilentMs: number;
  #limits: ReadonlyMap<string, number> = new Map();
  #offset = Math.random();

  constructor(statusIntervalMs: number) {
    this.#maxSilentMs = maxSilentIntervals * statusIntervalMs;
  }

  get(id: string): Gateway | undefined {
    return this.#byId.get(id);
  }

  add(id: string, nowMs: number): Gateway {
    const gateway: Gateway = { id, status: undefined, heardAtMs: nowMs, inFlight: 0 };
    this.#byId.set(id, gateway);
    return gateway;
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  [Symbol.iterator](): IterableIterator<Gateway> {
    return this.#byId.values();
  }

  /** Whether there is no room for another one. */
  get isFull(): boolean {
    return this.#byId.size >= maxGateways;
  }

  /** Those that have said nothing for too long and have no frames here. */
  silentSince(nowMs: number): Gateway[] {
    return [...this].filter(({ heardAtMs, inFlight }) => inFlight === 0 && nowMs - heardAtMs > this.#maxSilentMs);
  }

  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this) sum += inFlight;
    return sum;
  }

  /** The longest way of a frame and its reply, in milliseconds. */
  get networkMs(): number {
    return Math.max(0, ...[...this].map(({ status }) => status?.networkMs ?? 0));
  }

  /** How many frames each gateway may have in flight on this host, by id. */
  get limits(): ReadonlyMap<string, number> {
    return this.#limits;
  }

  /** With more gateways than slots, others get them from now on. */
  takeTurns(): void {
    this.#offset = (this.#offset + goldenRatio) % 1;
  }

  /**
   * Computes the limits anew.
   * @param workers of this host: a gateway spreads its demand over all hosts in proportion to them.
   * @param slots for running and waiting frames.
   * @returns whether one has changed.
   */
  share(workers: number, slots: number): boolean {
    const before = this.#limits;
    const claims = new Map([...this].map((gateway) => [gateway.id, claimOf(gateway, workers)]));
    this.#limits = limitsOf(claims, slots, this.#offset);
    return before.size !== this.#limits.size || [...this.#limits].some(([id, limit]) => before.get(id) !== limit);
  }
}

function claimOf({ status }: Gateway, workers: number): Claim {
  if (status === undefined) return firstClaim;
  const part = workers / Math.max(workers, status.hostWorkers);
  return { demand: Math.max(1, status.demand) * part, weight: Math.max(1, status.activeSessions) };
}
