/** Looks at a running gateway from outside: what it says of itself, and what the system says of its process. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Gateway } from './gateway.ts';

/** What `/readyz` says. */
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

/** Waits until `look` gives something that satisfies `done`. @throws Error that shows what was seen last. */
export async function eventually<Seen>(
  look: () => Seen | Promise<Seen>,
  done: (seen: Seen) => boolean,
  what: string,
): Promise<Seen> {
  const deadlineMs = performance.now() + maxWaitMs;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (performance.now() > deadlineMs) throw new Error(`never came: ${what}; at the end ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Asks `/readyz`, on a connection of its own so that none stays behind. */
export async function readiness({ httpUrl }: Pick<Gateway, 'httpUrl'>): Promise<Readiness> {
  const response = await fetch(`${httpUrl}/readyz`, { headers: { connection: 'close' } });
  return { status: response.status, ...((await response.json()) as Omit<Readiness, 'status'>) };
}

/** Waits until the pool has its size back, nobody is connected and nothing is going on. */
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
