/** Puts the server together and takes it down again. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Log } from '../observe/log.ts';
import type { Pool } from '../pool/pool.ts';
import { FramesEndpoint } from './frames.ts';
import { loadPages } from './pages.ts';
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

/** Closed sockets are given this long to take their last replies before what is left is cut. */
const lingerMs = 200;

/** Listens at once; frames are started as the pool's workers become ready. */
export async function startServer({ config, pool, pipelines, log }: ServerParts): Promise<Server> {
  const uws = await loadUws(config.maxHeaderBytes);
  const app = uws.App();
  const byId = new Map(pipelines.map((pipeline) => [pipeline.id, pipeline]));
  const hasRoom = () => stream.sessions + frames.sessions < config.maxSessions;
  const { hardCapBytes } = config;
  const stream: StreamEndpoint = new StreamEndpoint({
    limits: config,
    hardCapBytes,
    pipelines: byId,
    pool,
    log,
    hasRoom,
  });
  const frames: FramesEndpoint = new FramesEndpoint({ limits: config, pipelines: byId, pool, log, hasRoom });
  stream.register(app);
  frames.register(app);
  registerRoutes(app, { pool, pipelines, pages: loadPages(), log });
  const listening = await listenExclusively(app, config.host, config.port);
  const stop = async () => {
    const deadlineMs = performance.now() + config.shutdownGraceMs;
    uws.us_listen_socket_close(listening);
    const drained = pool.drain();
    stream.leaveWhenDone();
    await Promise.race([drained, sleep(config.shutdownGraceMs, undefined, { ref: false })]);
    stream.abandon();
    const ended = await pool.stop(Math.max(0, deadlineMs - performance.now()));
    await sleep(lingerMs);
    app.close();
    return ended;
  };
  return { host: config.host, port: uws.us_socket_local_port(listening), stop };
}
