/** Puts the server together and takes it down again. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Log } from '../observe/log.ts';
import type { Pool } from '../pool/pool.ts';
import { Addresses } from '../session/addresses.ts';
import { Connections, descriptorLimit, maxConnectionsFor } from './connections.ts';
import { FramesEndpoint } from './frames.ts';
import { MemoryGuard } from './memory-guard.ts';
import { loadPages } from './pages.ts';
import { parseNetworks } from './peer-address.ts';
import { registerRoutes } from './routes.ts';
import type { ServedPipeline } from './served-pipeline.ts';
import { StreamEndpoint } from './stream.ts';
import { listenExclusively, loadUws } from './uws.ts';

export interface ServerParts {
  readonly config: Config;
  readonly pool: Pool;
  readonly pipelines: readonly ServedPipeline[];
  readonly log: Log;
}

export interface Server {
  readonly host: string;
  /** The port in use, also where 0 was asked for. */
  readonly port: number;
  /**
   * Stops listening, answers what is in flight, closes clients with 1001, stops the workers.
   * @returns whether every thread ended within `shutdownGraceMs`; if not, only a kill ends the process.
   */
  stop(): Promise<boolean>;
}

/** How often the memory and those who are silent are looked at. */
const maintenanceIntervalMs = 100;

/** Closed sockets are given this long to take their last replies before what is left is cut. */
const closeGraceMs = 200;

/** Listens at once; frames are started as the pool's workers become ready. */
export async function startServer({ config, pool, pipelines, log }: ServerParts): Promise<Server> {
  const uws = await loadUws(config.maxHeaderBytes);
  const app = uws.App();
  const byId = new Map(pipelines.map((pipeline) => [pipeline.id, pipeline]));
  const addresses = new Addresses(config);
  const { hardCapBytes } = config;
  const shared = {
    ...{ limits: config, pipelines: byId, pool, log, addresses },
    trustedProxies: parseNetworks(config.trustedProxies),
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
  registerRoutes(app, { pool, pipelines, pages: loadPages(), log });
  const listening = await listenExclusively(app, config.host, config.port);
  const maintenance = setInterval(() => {
    const nowMs = performance.now();
    memory.check(nowMs);
    stream.maintain(nowMs);
    addresses.removeUnused(nowMs);
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
