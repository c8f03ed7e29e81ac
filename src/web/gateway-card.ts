/** What this gateway is: its version, workers, models' providers and sessions, from `/readyz`. */
import { element, write } from './elements.ts';
import { fetchJson } from './token.ts';

/** Older gateways have no `version`. */
interface Details {
  readonly version?: string;
  /** Changes when the gateway has read its pipelines again. */
  readonly generation?: number;
  readonly degraded: boolean;
  readonly draining: boolean;
  readonly pool: { readonly size: number; readonly ready: number; readonly sessions: number };
  readonly setups: readonly {
    readonly decoder: string;
    readonly models: readonly { readonly provider: string }[];
  }[];
}

/** The part of `/readyz` that is shown. With an admin listener, clients only learn whether the gateway is ready. */
export type Readiness = Details | { readonly ready: boolean };

/** One row of the card. */
type Row = 'version' | 'workers' | 'provider' | 'decoder' | 'sessions';

const unknown = '–';
/** Often enough to see other cameras come and go. */
const pollMs = 5000;

export class GatewayCard {
  #generation: number | undefined;

  /** Updates the card until the page is closed, and not while it is hidden. @param reloaded called when the pipelines are others. */
  start(reloaded: () => void): void {
    const update = () => {
      if (!document.hidden) void this.#update(reloaded);
    };
    setInterval(update, pollMs);
    update();
  }

  async #update(reloaded: () => void): Promise<void> {
    // While no worker is ready the status is 503, with the same body.
    const readiness = await fetchJson('readyz').then(
      (body) => body as Readiness,
      () => undefined,
    );
    for (const [row, text] of Object.entries(rowsOf(readiness))) write(element(`gateway-${row}`, HTMLElement), text);
    const generation = readiness !== undefined && 'setups' in readiness ? readiness.generation : undefined;
    if (generation === undefined) return;
    if (this.#generation !== undefined && generation !== this.#generation) reloaded();
    this.#generation = generation;
  }
}

/** @param readiness undefined if the gateway cannot be reached. */
export function rowsOf(readiness: Readiness | undefined): Readonly<Record<Row, string>> {
  // Another server may answer with any JSON.
  if (readiness === undefined || !('setups' in readiness)) {
    const workers = readiness?.ready === true ? 'ready' : readiness?.ready === false ? 'not ready' : unknown;
    return { version: unknown, workers, provider: unknown, decoder: unknown, sessions: unknown };
  }
  const { version, degraded, draining, pool, setups } = readiness;
  const state = draining ? ', shutting down' : degraded ? ', degraded' : '';
  return {
    version: version ?? unknown,
    workers: `${pool.ready} of ${pool.size} ready${state}`,
    provider: listed(setups.flatMap(({ models }) => models).map(({ provider }) => provider)),
    decoder: listed(setups.map(({ decoder }) => decoder)),
    sessions: String(pool.sessions),
  };
}

function listed(values: readonly string[]): string {
  return [...new Set(values)].join(', ') || unknown;
}
