/** A WebSocket server that answers frames as a test specifies. Tests only. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { type WebSocket, WebSocketServer } from 'ws';
import { encodeDropped } from '../../src/protocol.ts';

/** One received frame. */
export interface Arrival {
  /** Connection number, from 0. */
  readonly connection: number;
  /** Frame number within the connection, from 0. */
  readonly index: number;
  readonly bytes: Buffer;
  readonly socket: WebSocket;
  /** Sends a result, after `afterMs`. */
  result(afterMs?: number): void;
  /** Says that the frame is dropped, after `afterMs`. */
  drop(afterMs?: number): void;
}

export interface FakeGateway {
  readonly port: number;
  readonly url: URL;
  /** Frames received per connection, in the order in which they were opened. */
  readonly received: number[];
  readonly sockets: WebSocket[];
}

export interface FakeBehavior {
  readonly frame?: (arrival: Arrival) => void;
  readonly opened?: (socket: WebSocket, connection: number) => void;
  readonly host?: string;
  /** Answers plain HTTP requests. */
  readonly serve?: RequestListener;
}

/** Serves until the test ends. Without `frame`, nothing is answered. */
export async function startFakeGateway(t: Test, { frame, opened, host = '127.0.0.1', serve }: FakeBehavior) {
  const http = createServer(serve);
  const server = new WebSocketServer({ server: http });
  const received: number[] = [];
  const sockets: WebSocket[] = [];
  server.on('connection', (socket) => {
    const connection = sockets.push(socket) - 1;
    received.push(0);
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const index = received[connection] as number;
      received[connection] = index + 1;
      frame?.({ connection, index, bytes: data as Buffer, socket, ...replyMethods(socket, index) });
    });
    opened?.(socket, connection);
  });
  await new Promise<void>((resolve) => http.listen(0, host, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.terminate();
    server.close();
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  const { port } = http.address() as AddressInfo;
  const url = new URL(`ws://${host.includes(':') ? `[${host}]` : host}:${port}/ws/video/stream?pipeline_id=test`);
  return { port, url, received, sockets } satisfies FakeGateway;
}

function replyMethods(socket: WebSocket, index: number): Pick<Arrival, 'result' | 'drop'> {
  const text = JSON.stringify({ frame_index: index, result: { width: 8, height: 8, timings_ms: { total: 0 } } });
  const send = (reply: string, afterMs: number | undefined) => {
    if (afterMs === undefined) socket.send(reply);
    else setTimeout(() => socket.send(reply), afterMs);
  };
  return {
    result: (afterMs) => send(text, afterMs),
    drop: (afterMs) => send(encodeDropped(index), afterMs),
  };
}
