/** Counts sockets of all kinds and keeps a reserve of file descriptors. Runs on the loop. */
import type { Log } from '../observe/log.ts';
import type { HttpResponse, TemplatedApp } from './uws.ts';

/** For the process itself: threads, model files, the log, diagnostic reports. */
const reservedDescriptors = 128;
/** With a low limit, the reserve is at most this fraction of it. */
const maxReservedShare = 0.5;

/** Maximum number of open sockets under a limit of file descriptors. */
export function maxConnectionsFor(descriptors: number): number {
  return Math.floor(descriptors - Math.min(reservedDescriptors, descriptors * maxReservedShare));
}

/** File descriptor limit of this process; `Infinity` if the system reports none. */
export function descriptorLimit(): number {
  const { userLimits } = process.report.getReport() as unknown as ReportedLimits;
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isFinite(soft) ? soft : Number.POSITIVE_INFINITY;
}

/** The fields used from Node's diagnostic report; absent on Windows. */
interface ReportedLimits {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
}

export interface ConnectionsParts {
  readonly max: number;
  /** Ends an idle connection, so that the next client gets a place. */
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

  /** To be called when a WebSocket closes, since uWebSockets.js does not call its filter then. */
  webSocketClosed(): void {
    this.#open -= 1;
  }

  #changed(response: HttpResponse, change: number): void {
    this.#open += change;
    if (change < 0 || this.#open <= this.#parts.max) return;
    const { max, makeRoom, log } = this.#parts;
    const advice = 'connection closed; no file descriptors left, raise the limit (ulimit -n)';
    log.warn('descriptors_exhausted', { max_connections: max }, advice);
    response.close();
    makeRoom();
  }
}
