/** Builds the server and shuts it down. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authorizer } from '../auth/authorize.ts';
import type { Config, ListenAddress } from '../config.ts';
import { gauges } from '../observe/gauges.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Observers } from '../observe/observer.ts';
import type { Pool } from '../pool/pool.ts';
import { Addresses } from '../session/addresses.ts';
import { EndedSessions } from '../session/ended-sessions.ts';
import { RefusedCameras } from '../session/refused-cameras.ts';
import { TokenUses } from '../session/token-uses.ts';
import type { ReloadStatus } from '../status.ts';
import { adminRoutes } from './admin.ts';
import { adminShareOf, descriptorLimit, maxConnectionsFor } from './connections.ts';
import { FramesEndpoint } from './frames.ts';
import { Listener } from './listener.ts';
import { MemoryGuard } from './memory-guard.ts';
import { loadPages } from './pages.ts';
import { parseNetworks } from './peer-address.ts';
import { PlainAccess } from './plain-access.ts';
import { registerRoutes } from './routes.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { StreamEndpoint } from './stream.ts';
import { loadUws } from './uws.ts';

export interface ServerParts {
  readonly config: Config;
  readonly pool: Pool;
  readonly pipelines: readonly ServedPipeline[];
  readonly log: Log;
  readonly observer: Observers;
  /** For `/readyz`. */
  readonly reloads: () => ReloadStatus;
  /** Served as `/metrics`; the server adds those of its state. */
  readonly metrics: Metrics;
  readonly authorizer: Authorizer;
  /** Version of the package, for `/readyz`. */
  readonly version: string;
}

export interface Server {
  /** The port in use, also if port 0 was requested. */
  readonly port: number;
  /** The address of the admin listener; undefined without one. */
  readonly admin: ListenAddress | undefined;
  /** Serves these pipelines from now on, which the pool must run already. Sessions of removed ones end. */
  setPipelines(pipelines: readonly ServedPipeline[]): void;
  /** Uses the certificate that is in the files now for new connections. @throws StartError if that fails; the old one stays in use. */
  renewCertificate(): Promise<void>;
  /**
   * Reports that it is draining and still serves for `drainDelayMs`. Then stops listening, asks the sessions to move over `drainSpreadMs`,
   * finishes frames in flight, closes clients with 1001, stops the workers.
   * @returns whether every thread ended within `shutdownGraceMs`. If not, the process can only be killed.
   */
  stop(): Promise<boolean>;
}

/** Interval of memory checks and of checks for idle sessions. */
const maintenanceIntervalMs = 100;

/** Time for closed sockets to receive their last replies before the rest is discarded. */
const closeGraceMs = 200;

const descriptorsExhausted = {
  event: 'descriptors_exhausted',
  message: 'connection closed; no file descriptors left, raise the limit (ulimit -n)',
} as const;

const adminFull = {
  event: 'admin_connections_full',
  message: 'admin connection closed; too many are open',
} as const;

/** Listens immediately; frames are started once workers are ready. */
export async function startServer(parts: ServerParts): Promise<Server> {
  const { config, pool, pipelines, log, observer, metrics, authorizer, reloads, version } = parts;
  const uws = await loadUws(config.maxHeaderBytes);
  const byId = new Map(pipelines.map((pipeline) => [pipeline.id, pipeline]));
  const addresses = new Addresses(config);
  const tokens = new TokenUses();
  const trustedProxies = parseNetworks(config.trustedProxies);
  const { hardCapBytes } = config;
  const shared = {
    ...{ limits: config, pipelines: byId, pool, log, observer, addresses, tokens, authorizer, trustedProxies },
    isOverMemoryLimit: () => memory.isOverLimit,
  };
  const isFull = () => stream.sessions + frames.sessions >= config.maxSessions;
  const hasRoom = () => !isFull() || stream.makeRoom(performance.now());
  const maxConnections = maxConnectionsFor(descriptorLimit());
  const maxAdmin = config.admin === undefined ? 0 : adminShareOf(maxConnections);
  const main: Listener = new Listener(uws, {
    tls: config.tls,
    register: (app) => {
      stream.register(app);
      frames.register(app);
      registerRoutes(app, { ...routes, role: config.admin === undefined ? 'all' : 'client' });
    },
    max: maxConnections - maxAdmin,
    whenFull: descriptorsExhausted,
    makeRoom: () => stream.makeRoom(performance.now()),
    log,
  });
  const stream: StreamEndpoint = new StreamEndpoint({
    ...shared,
    hardCapBytes,
    hasRoom,
    onClosed: () => main.connections.webSocketClosed(),
  });
  const frames: FramesEndpoint = new FramesEndpoint({ ...shared, hasRoom });
  const memory = new MemoryGuard({
    maxBytes: config.maxMemoryBytes,
    bytesPerMessage: hardCapBytes,
    residentBytes: () => process.memoryUsage.rss(),
    closeSockets: (count) => stream.closeIncomplete(count, performance.now()),
    log,
  });
  const admin = adminRoutes({
    ...{ sessions: stream, ended: new EndedSessions(observer), refused: new RefusedCameras(observer), metrics },
    workers: () => pool.status().ready,
  });
  let isDraining = false;
  const lifecycle = { isDraining: () => isDraining, reloads };
  const access = new PlainAccess({ authorizer, observer, trustedProxies });
  const { needsToken } = authorizer;
  const pages = loadPages();
  const routes = { pool, pipelines: byId, pages, access, needsToken, log, admin, lifecycle, version };
  const adminListener = new Listener(uws, {
    tls: config.tls,
    register: (app) => registerRoutes(app, { ...routes, role: 'admin' }),
    max: maxAdmin,
    whenFull: adminFull,
    makeRoom: () => undefined,
    log,
  });
  metrics.add(
    gauges({
      ...{ pool, pipelines: byId, sessions: stream, reloads },
      httpSessions: () => frames.sessions,
      openSockets: () => main.connections.open + adminListener.connections.open,
      limits: { ...config, maxSockets: maxConnections },
    }),
  );
  const listening = await listen(config, main, adminListener);
  const maintenance = setInterval(() => {
    const nowMs = performance.now();
    memory.check(nowMs);
    stream.maintain(nowMs);
    addresses.removeUnused(nowMs);
    tokens.removeUnused(nowMs);
  }, maintenanceIntervalMs);
  const setPipelines = (next: readonly ServedPipeline[]) => {
    byId.clear();
    for (const pipeline of next) byId.set(pipeline.id, pipeline);
    stream.endRemoved();
  };
  const renewCertificate = async () => {
    await adminListener.renewCertificate();
    await main.renewCertificate();
  };
  const stop = async () => {
    isDraining = true;
    await sleep(config.drainDelayMs);
    main.stopListening();
    // Without workers, no session is served while it waits for its turn.
    await stream.moveAll(pool.status().ready > 0 ? config.drainSpreadMs : 0);
    const deadlineMs = performance.now() + config.shutdownGraceMs;
    const drained = pool.drain();
    await Promise.race([drained, sleep(config.shutdownGraceMs, undefined, { ref: false })]);
    stream.closeNow();
    const ended = await pool.stop(Math.max(0, deadlineMs - performance.now()));
    await sleep(closeGraceMs);
    clearInterval(maintenance);
    main.close();
    // Last, so that an operator sees the whole shutdown.
    adminListener.close();
    return ended;
  };
  return { ...listening, setPipelines, renewCertificate, stop };
}

/** The main listener comes last: if either address is not available, no client has been accepted. */
async function listen(
  config: Config,
  main: Listener,
  adminListener: Listener,
): Promise<Pick<Server, 'port' | 'admin'>> {
  const admin = config.admin && (await adminListener.listen(config.admin));
  try {
    return { port: (await main.listen(config)).port, admin };
  } catch (error) {
    adminListener.close();
    throw error;
  }
}
