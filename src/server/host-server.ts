/** The admin listener of a worker host: health, readiness and metrics, and no frames. Main thread. */
import type { Authorizer } from '../auth/authorize.ts';
import type { Config, ListenAddress } from '../config.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Observers } from '../observe/observer.ts';
import type { Pool } from '../pool/pool.ts';
import { metricsRoute } from './admin.ts';
import { adminShareOf, descriptorLimit, maxConnectionsFor } from './connections.ts';
import { Listener } from './listener.ts';
import { parseNetworks } from './peer-address.ts';
import { PlainAccess } from './plain-access.ts';
import type { Lifecycle } from './readiness.ts';
import { registerRoutes } from './routes.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { loadUws } from './uws.ts';

export interface HostServerParts {
  readonly config: Config;
  readonly address: ListenAddress;
  readonly pool: Pool;
  readonly pipelines: readonly ServedPipeline[];
  readonly log: Log;
  readonly observer: Observers;
  readonly metrics: Metrics;
  readonly authorizer: Authorizer;
  readonly lifecycle: Lifecycle;
  readonly version: string;
}

export interface HostServer {
  readonly address: ListenAddress;
  readonly close: () => void;
}

/** @returns the listener with the address in use. @throws ConfigError if it cannot listen there. */
export async function startHostServer(parts: HostServerParts): Promise<HostServer> {
  const { config, authorizer, observer, metrics, pipelines, log } = parts;
  const uws = await loadUws(config.maxHeaderBytes);
  const access = new PlainAccess({ authorizer, observer, trustedProxies: parseNetworks(config.trustedProxies) });
  const byId = new Map(pipelines.map((pipeline) => [pipeline.id, pipeline]));
  const listener = new Listener(uws, {
    tls: config.tls,
    register: (app) =>
      registerRoutes(app, {
        ...parts,
        ...{ role: 'admin', pages: new Map(), pipelines: byId, access, needsToken: authorizer.needsToken },
        admin: new Map([metricsRoute(metrics)]),
      }),
    max: adminShareOf(maxConnectionsFor(descriptorLimit())),
    whenFull: { event: 'admin_connections_full', message: 'admin connection closed; too many are open' },
    makeRoom: () => undefined,
    log,
  });
  const address = await listener.listen(parts.address);
  return { address, close: () => listener.close() };
}
