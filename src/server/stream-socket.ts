/** A stream's socket: how it is opened, what is kept with it, how a session writes to it, and how it is left. Runs on the loop. */
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import { closeCodeOf, encodeError } from '../protocol.ts';
import type { Address } from '../session/addresses.ts';
import type { Outbox, SessionManager } from '../session/session-manager.ts';
import type { HttpRequest, HttpResponse, WebSocket } from './uws.ts';

/** What uWebSockets.js keeps with a socket. */
export interface SocketData {
  readonly pipelineId: string | undefined;
  readonly address: Address;
  /** Set while the socket belongs to a session; a refused one has none. */
  session: SessionManager | undefined;
  open: boolean;
}

export type Socket = WebSocket<SocketData>;

/** Seconds without a sign of life from the peer; the gateway pings by itself. uWebSockets.js aborts below 8. */
const idleTimeoutSeconds = 60;

/** @param hardCapBytes uWebSockets.js cuts a connection whose message is larger, without a word. */
export function socketSettings(hardCapBytes: number) {
  return {
    maxPayloadLength: hardCapBytes,
    // Sessions watch what is unread themselves and end with an error; zero switches the silent drop off.
    maxBackpressure: 0,
    idleTimeout: idleTimeoutSeconds,
  };
}

/**
 * Answers a handshake with 101. No extension is agreed to: compression is off. uWebSockets.js agrees to the first subprotocol that is offered,
 * which means nothing here; browsers and `ws` fail a connection where none of theirs is taken.
 */
export function acceptSocket<Data>(
  response: HttpResponse,
  request: HttpRequest,
  context: Parameters<HttpResponse['upgrade']>[4],
  data: Data,
): void {
  const key = request.getHeader('sec-websocket-key');
  const subprotocols = request.getHeader('sec-websocket-protocol');
  response.upgrade(data, key, subprotocols, request.getHeader('sec-websocket-extensions'), context);
}

/** A peer has this long to take its last message and to close its side; then it is cut. */
const maxClosingMs = 5000;

/** Sockets whose closing handshake has begun. A peer that does not answer it would hold its descriptor for a minute. */
export class ClosingSockets {
  /** In the order of leaving. */
  readonly #sinceMs = new Map<Socket, number>();

  end(socket: Socket, code: number): void {
    this.#sinceMs.set(socket, performance.now());
    socket.end(code);
  }

  /** Says why, and ends. */
  refuse(socket: Socket, code: StreamErrorCode, detail: string = streamErrors[code].detail): void {
    socket.send(encodeError(code, detail));
    this.end(socket, closeCodeOf(code));
  }

  delete(socket: Socket): void {
    this.#sinceMs.delete(socket);
  }

  /** Cuts those that have had their time. */
  closeExpired(nowMs: number): void {
    for (const [socket, sinceMs] of this.#sinceMs) {
      if (nowMs - sinceMs < maxClosingMs) return;
      this.#sinceMs.delete(socket);
      socket.close();
    }
  }
}

/** A closed socket throws on every call, so each is asked first. Corked, since replies come from outside its handlers. */
export function createOutbox(socket: Socket, closing: ClosingSockets): Outbox {
  const data = socket.getUserData();
  return {
    send: (message) => {
      if (data.open) socket.cork(() => socket.send(message));
    },
    bufferedBytes: () => (data.open ? socket.getBufferedAmount() : 0),
    close: (code) => {
      if (data.open) closing.end(socket, code);
    },
    abort: () => {
      if (data.open) socket.close();
    },
  };
}
