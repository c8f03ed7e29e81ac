/** Observes a running gateway from outside: its own status, and the system's view of its process. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Gateway } from './gateway.ts';

/** The body of `/readyz`. */
export interface Readiness {
  readonly status: number;
  readonly ready: boolean;
  readonly degraded: boolean;
  readonly draining: boolean;
  readonly pool: {
    readonly size: number;
    readonly ready: number;
    readonly busy: number;
    readonly timedOut: number;
    readonly inFlight: number;
    readonly held: number;
    readonly frameBytes: number;
    readonly sessions: number;
  };
}

const maxWaitMs = 90_000;
const pollMs = 25;

/** Waits until `look` returns a value that satisfies `done`. @throws Error that shows the last value. */
export async function eventually<Seen>(
  look: () => Seen | Promise<Seen>,
  done: (seen: Seen) => boolean,
  what: string,
): Promise<Seen> {
  const deadlineMs = performance.now() + maxWaitMs;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (performance.now() > deadlineMs)
      throw new Error(`timed out waiting for ${what}; last value: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Requests `/readyz` on a separate connection, so that none stays open. */
export async function readiness({ httpUrl }: Pick<Gateway, 'httpUrl'>): Promise<Readiness> {
  const response = await fetch(`${httpUrl}/readyz`, { headers: { connection: 'close' } });
  return { status: response.status, ...((await response.json()) as Omit<Readiness, 'status'>) };
}

/** Waits until the pool has its full size, nobody is connected and nothing is in flight. */
export function idle(gateway: Gateway): Promise<Readiness> {
  const isIdle = ({ status, pool }: Readiness) =>
    status === 200 &&
    pool.ready === pool.size &&
    pool.busy + pool.timedOut + pool.inFlight + pool.frameBytes + pool.sessions === 0;
  return eventually(() => readiness(gateway), isIdle, 'an idle gateway');
}

export function threadCount({ pid }: Gateway): number {
  return Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

export function openFileCount({ pid }: Gateway): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function residentMegabytes({ pid }: Gateway): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
