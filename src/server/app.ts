/** Builds the server and shuts it down. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authorizer } from '../auth/authorize.ts';
import type { Config } from '../config.ts';
import type { Log } from '../observe/log.ts';
import type { Observers } from '../observe/observer.ts';
import type { Pool } from '../pool/pool.ts';
import { Addresses } from '../session/addresses.ts';
import { EndedSessions } from '../session/ended-sessions.ts';
import { TokenUses } from '../session/token-uses.ts';
import { adminRoutes } from './admin.ts';
import { Connections, descriptorLimit, maxConnectionsFor } from './connections.ts';
import { FramesEndpoint } from './frames.ts';
import { MemoryGuard } from './memory-guard.ts';
import { loadPages } from './pages.ts';
import { parseNetworks } from './peer-address.ts';
import { PlainAccess } from './plain-access.ts';
import { registerRoutes } from './routes.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { StreamEndpoint } from './stream.ts';
import { listenExclusively, loadUws } from './uws.ts';

export interface ServerParts {
  readonly config: Config;
  readonly pool: Pool;
  readonly pipelines: readonly ServedPipeline[];
  readonly log: Log;
  readonly observer: Observers;
  readonly authorizer: Authorizer;
  /** Version of the package, for `/readyz`. */
  readonly version: string;
}

export interface Server {
  readonly host: string;
  /** The port in use, also if port 0 was requested. */
  readonly port: number;
  /**
   * Stops listening, finishes frames in flight, closes clients with 1001, stops the workers.
   * @returns whether every thread ended within `shutdownGraceMs`. If not, the process can only be killed.
   */
  stop(): Promise<boolean>;
}

/** Interval of memory checks and of checks for idle sessions. */
const maintenanceIntervalMs = 100;

/** Time for closed sockets to receive their last replies before the rest is discarded. */
const closeGraceMs = 200;

/** Listens immediately; frames are started once workers are ready. */
export async function startServer(parts: ServerParts): Promise<Server> {
  const { config, pool, pipelines, log, observer, authorizer, version } = parts;
  const uws = await loadUws(config.maxHeaderBytes);
  const app = uws.App();
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
  const connections = new Connections({
    max: maxConnectionsFor(descriptorLimit()),
    makeRoom: () => stream.makeRoom(performance.now()),
    log,
  });
  const stream: StreamEndpoint = new StreamEndpoint({
    ...shared,
    hardCapBytes,
    hasRoom,
    onClosed: () => connections.webSocketClosed(),
  });
  const frames: FramesEndpoint = new FramesEndpoint({ ...shared, hasRoom });
  const memory = new MemoryGuard({
    maxBytes: config.maxMemoryBytes,
    bytesPerMessage: hardCapBytes,
    residentBytes: () => process.memoryUsage.rss(),
    closeSockets: (count) => stream.closeIncomplete(count, performance.now()),
    log,
  });
  connections.register(app);
  stream.register(app);
  frames.register(app);
  const admin = adminRoutes({ sessions: stream, ended: new EndedSessions(observer) });
  const access = new PlainAccess({ authorizer, observer, trustedProxies });
  const { needsToken } = authorizer;
  registerRoutes(app, { pool, pipelines, pages: loadPages(), access, needsToken, log, admin, version });
  const listening = await listenExclusively(app, config.host, config.port);
  const maintenance = setInterval(() => {
    const nowMs = performance.now();
    memory.check(nowMs);
    stream.maintain(nowMs);
    addresses.removeUnused(nowMs);
    tokens.removeUnused(nowMs);
  }, maintenanceIntervalMs);
  const stop = async () => {
    const deadlineMs = performance.now() + config.shutdownGraceMs;
    uws.us_listen_socket_close(listening);
    const drained = pool.drain();
    stream.closeWhenIdle();
    await Promise.race([drained, sleep(config.shutdownGraceMs, undefined, { ref: false })]);
    stream.closeNow();
    const ended = await pool.stop(Math.max(0, deadlineMs - performance.now()));
    await sleep(closeGraceMs);
    clearInterval(maintenance);
    app.close();
    return ended;
  };
  return { host: config.host, port: uws.us_socket_local_port(listening), stop };
}
