/** Counts the sockets of all kinds, and keeps a reserve of file descriptors. Runs on the loop. */
import type { Log } from '../observe/log.ts';
import type { HttpResponse, TemplatedApp } from './uws.ts';

/** What the process itself opens: threads, model files, the log, a report. */
const minReservedDescriptors = 128;
/** Where there are few, the reserve is this part of them. */
const maxReservedShare = 0.5;

/** Sockets that may be open at once under a limit of file descriptors. */
export function maxConnectionsFor(descriptors: number): number {
  return Math.floor(descriptors - Math.min(minReservedDescriptors, descriptors * maxReservedShare));
}

/** How many files this process may have open; without a limit where the system tells none. */
export function descriptorLimit(): number {
  const { userLimits } = process.report.getReport() as unknown as ReportedLimits;
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isFinite(soft) ? soft : Number.POSITIVE_INFINITY;
}

/** The part of Node's report that is read; Windows has none. */
interface ReportedLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
}

export interface ConnectionsParts {
  readonly max: number;
  /** Ends a connection that is of little use, so that the next newcomer has a place. */
  readonly makeRoom: () => void;
  readonly log: Log;
}

export class Connections {
  readonly #parts: ConnectionsParts;
  #open = 0;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  get open(): number {
    return this.#open;
  }

  register(app: TemplatedApp): void {
    app.filter((response, change) => this.#changed(response, change));
  }

  /** A WebSocket has closed, of which uWebSockets.js tells its filter nothing. */
  webSocketClosed(): void {
    this.#open -= 1;
  }

  #changed(response: HttpResponse, change: number): void {
    this.#open += change;
    if (change < 0 || this.#open <= this.#parts.max) return;
    const { max, makeRoom, log } = this.#parts;
    log.warn({ max }, 'connection closed; no file descriptors left, raise the limit (ulimit -n)');
    response.close();
    makeRoom();
  }
}
