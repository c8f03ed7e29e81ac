/** The running servers of the suite: started on demand, warmed up, reused, and stopped. */
import WebSocket from 'ws';
import { renderFrames } from '../../test/support/samples/street-frames.ts';
import { runClosedLoop } from './closed-loop.ts';
import { runLoad } from './load.ts';
import type { ServerNote } from './sample.ts';
import { type BenchServer, missing, startServer } from './server.ts';
import type { ServerSpec } from './server-spec.ts';

/** Warm-up load for the JIT compiler and buffers, with which even the slowest peer keeps up. */
const gentleLoad = ['--cameras', '8@3', '--warmup', '0'];
/** Reused servers are warmed up once, for longer. */
const warmSeconds = { once: '8', fresh: '3' };
const warmClosedLoad = { connections: 2, warmUpSeconds: 0, seconds: 3 };

/** URL of a server's endpoint for one frame per request. */
export function framesUrl({ origin }: BenchServer): URL {
  return new URL(`${origin.replace(/^ws:/, 'http:')}/frames?pipeline_id=yolo_ocr`);
}

/** Servers that differ only in their label are the same. */
function keyOf({ name, env, watchLoop }: ServerSpec): string {
  return JSON.stringify([name, env ?? {}, watchLoop ?? false]);
}

export class Servers {
  readonly #running = new Map<string, BenchServer>();

  /** @returns the reason why it cannot run here; `undefined` if it can. */
  missing({ name }: ServerSpec): string | undefined {
    return name === 'none' ? undefined : missing(name);
  }

  /** Returns a warmed-up server. */
  async get(spec: ServerSpec): Promise<BenchServer> {
    const key = keyOf(spec);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (spec.name === 'none') throw new Error(`${spec.label} is not a server`);
    const server = await startServer(spec.name, spec);
    this.#running.set(key, server);
    if (spec.isStuck) await occupyWorker(server);
    if (!spec.needsNoWarmUp) await warm(spec, server);
    server.resetLoopDelay();
    return server;
  }

  /** Ends a run: a fresh server is stopped. @returns the values that it reported. */
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

  /** Stops all servers that are not in `specs`. */
  async stopOthers(specs: readonly ServerSpec[]): Promise<void> {
    const needed = new Set(specs.map(keyOf));
    for (const [key, server] of this.#running) {
      if (needed.has(key)) continue;
      this.#running.delete(key);
      await server.kill();
    }
  }

  /** Kills the server of a failed run, which may be in any state. */
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

/** Sends one frame to a pipeline that never finishes. The connection stays open until the server exits. */
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
