/** Counts sockets of all kinds and keeps a reserve of file descriptors. Runs on the loop. */
import type { EventName } from '../observe/event-names.ts';
import type { Log } from '../observe/log.ts';
import type { HttpResponse, TemplatedApp } from './uws.ts';

/** For the process itself: threads, model files, the log, diagnostic reports. */
const reservedDescriptors = 128;
/** With a low limit, the reserve is at most this fraction of it. */
const maxReservedShare = 0.5;

/** For the admin listener: a few scrapers, and browsers with up to six connections each. */
const maxAdminConnections = 64;
/** With a low limit, they are at most this fraction of all connections. */
const maxAdminShare = 0.25;

/** Maximum number of open sockets under a limit of file descriptors. */
export function maxConnectionsFor(descriptors: number): number {
  return Math.floor(descriptors - Math.min(reservedDescriptors, descriptors * maxReservedShare));
}

/** The part of all connections that only the admin listener may use, so that neither listener's clients can lock out the other's. */
export function adminShareOf(maxConnections: number): number {
  return Math.floor(Math.min(maxAdminConnections, maxConnections * maxAdminShare));
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
  /** Logged for a connection above the maximum. */
  readonly whenFull: { readonly event: EventName; readonly message: string };
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
    const { max, whenFull, makeRoom, log } = this.#parts;
    log.warn(whenFull.event, { max_connections: max }, whenFull.message);
    response.close();
    makeRoom();
  }
}
