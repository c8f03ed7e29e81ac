/** The servers of the suite while it runs: started when they are needed, warmed, used again, and ended. */
import WebSocket from 'ws';
import { renderFrames } from '../../src/samples/street-frames.ts';
import { runClosedLoop } from './closed-loop.ts';
import { runLoad } from './load.ts';
import type { ServerNote } from './sample.ts';
import { type BenchServer, missing, startServer } from './server.ts';
import type { ServerSpec } from './server-spec.ts';

/** Compilers get done and every buffer gets its size, and no server falls behind: at this load even the slowest peer answers. */
const gentleLoad = ['--cameras', '8@3', '--warmup', '0'];
/** A server that is used again is warmed once, and for longer. */
const warmSeconds = { once: '8', fresh: '3' };
const warmClosedLoad = { connections: 2, warmUpSeconds: 0, seconds: 3 };

/** Where a server's endpoint for one frame in each request is. */
export function framesUrl({ origin }: BenchServer): URL {
  return new URL(`${origin.replace(/^ws:/, 'http:')}/frames?pipeline_id=yolo_ocr`);
}

/** Servers that differ in their label only are the same. */
function keyOf({ name, env, watchLoop }: ServerSpec): string {
  return JSON.stringify([name, env ?? {}, watchLoop ?? false]);
}

export class Servers {
  readonly #running = new Map<string, BenchServer>();

  /** @returns why it cannot run here; `undefined` when it can. */
  missing({ name }: ServerSpec): string | undefined {
    return name === 'none' ? undefined : missing(name);
  }

  /** A server that is warm. */
  async get(spec: ServerSpec): Promise<BenchServer> {
    const key = keyOf(spec);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (spec.name === 'none') throw new Error(`${spec.label} is no server`);
    const server = await startServer(spec.name, spec);
    this.#running.set(key, server);
    if (spec.isStuck) await occupyWorker(server);
    if (!spec.needsNoWarmUp) await warm(spec, server);
    server.resetLoopDelay();
    return server;
  }

  /** A run is over: a fresh server ends. @returns what it told of itself. */
  async release(spec: ServerSpec): Promise<ServerNote> {
    const server = this.#running.get(keyOf(spec));
    if (server === undefined) return {};
    const startNote = server.startMs === undefined ? {} : { startMs: server.startMs };
    if (!spec.isFresh) return startNote;
    this.#running.delete(keyOf(spec));
    if (spec.name !== 'gateway') {
      await server.kill();
      return {};
    }
    return { ...startNote, ...loopDelayOf(await server.stop()) };
  }

  /** Ends all servers that none of these need. */
  async stopOthers(specs: readonly ServerSpec[]): Promise<void> {
    const needed = new Set(specs.map(keyOf));
    for (const [key, server] of this.#running) {
      if (needed.has(key)) continue;
      this.#running.delete(key);
      await server.kill();
    }
  }

  /** A run failed: its server may be in any state, so the next run gets another. */
  async discard(spec: ServerSpec): Promise<void> {
    const server = this.#running.get(keyOf(spec));
    this.#running.delete(keyOf(spec));
    await server?.kill();
  }
}

async function warm({ name, isFresh }: ServerSpec, server: BenchServer): Promise<void> {
  if (name === 'litserve') await runClosedLoop(framesUrl(server), renderFrames(), warmClosedLoad);
  else await runLoad(server.origin, [...gentleLoad, '--duration', isFresh ? warmSeconds.fresh : warmSeconds.once]);
}

/** Sends one frame to a pipeline that never answers. The connection stays open until the server ends. */
function occupyWorker({ origin }: BenchServer): Promise<void> {
  const socket = new WebSocket(`${origin}/ws/video/stream?pipeline_id=hanging`);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      socket.on('error', () => undefined);
      socket.send(renderFrames()[0] as Uint8Array, () => resolve());
    });
  });
}

function loopDelayOf(output: string): ServerNote {
  const p99 = /loop delay p50 \S+ p99 (\S+)/.exec(output)?.[1];
  return p99 === undefined ? {} : { loopDelayP99Ms: Number(p99) };
}
