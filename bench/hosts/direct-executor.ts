/**
 * The alternative to a broker, for comparison: one WebSocket of the gateway's own protocol per worker of a host. A free connection is the
 * credit. Nothing here finds hosts, reconnects, notices a hanging host, or shares a host among gateways.
 */
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Executor, ExecutorStatus, StartedFrame } from '../../src/pool/executor.ts';
import type { FrameOutcome } from '../../src/pool/messages.ts';

interface Connection {
  readonly socket: WebSocket;
  settle: ((outcome: FrameOutcome) => void) | undefined;
}

/** What precedes the result in a reply of the stream, after the index. */
const resultKey = '"result":';

export class DirectExecutor implements Executor {
  readonly generation = 1;
  readonly rank = 1;
  readonly pipelines: ReadonlySet<string>;
  readonly #memory: Uint8Array;
  readonly #connections: Connection[];

  private constructor(pipelineId: string, memory: SharedArrayBuffer, sockets: readonly WebSocket[]) {
    this.pipelines = new Set([pipelineId]);
    this.#memory = new Uint8Array(memory);
    this.#connections = sockets.map((socket) => ({ socket, settle: undefined }));
    for (const connection of this.#connections) {
      connection.socket.on('message', (data) => this.#received(connection, String(data)));
    }
  }

  /** Opens one connection per worker. */
  static async open(
    origin: string,
    pipelineId: string,
    workers: number,
    memory: SharedArrayBuffer,
  ): Promise<DirectExecutor> {
    const url = `${origin}/ws/video/stream?pipeline_id=${pipelineId}`;
    const sockets = Array.from({ length: workers }, () => new WebSocket(url, { perMessageDeflate: false }));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    return new DirectExecutor(pipelineId, memory, sockets);
  }

  get capacity(): number {
    return this.#connections.length;
  }

  get free(): number {
    return this.#connections.filter(({ settle }) => settle === undefined).length;
  }

  get idleShare(): number {
    return this.free / this.capacity;
  }

  run({ slot }: StartedFrame): Promise<FrameOutcome> {
    const connection = this.#connections.find(({ settle }) => settle === undefined);
    if (connection === undefined) throw new Error('no free connection');
    return new Promise((resolve) => {
      connection.settle = (outcome) => {
        slot.release();
        resolve(outcome);
      };
      connection.socket.send(this.#memory.subarray(slot.offset, slot.offset + slot.byteLength));
    });
  }

  status(): ExecutorStatus {
    return { ready: this.capacity, busy: this.capacity - this.free, timedOut: 0, reports: [] };
  }

  async stop(): Promise<boolean> {
    for (const { socket } of this.#connections) socket.close();
    return true;
  }

  #received(connection: Connection, message: string): void {
    const start = message.indexOf(resultKey);
    if (start === -1) return;
    const { settle } = connection;
    connection.settle = undefined;
    settle?.({ type: 'result', text: message.slice(start + resultKey.length, -1), timings: {} });
  }
}
