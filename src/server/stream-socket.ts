/** A stream's WebSocket: settings, per-socket data, sending, and closing. Runs on the loop. */
import type { Decision } from '../auth/authorize.ts';
import { replySubprotocol } from '../auth/credentials.ts';
import { type StreamErrorCode, streamErrors } from '../errors.ts';
import { closeCodeOf, encodeError } from '../protocol.ts';
import type { Address } from '../session/addresses.ts';
import type { Outbox } from '../session/outbox.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { HttpRequest, HttpResponse, WebSocket } from './uws.ts';

/** Per-socket data, stored by uWebSockets.js. */
export interface SocketData {
  readonly pipelineId: string | undefined;
  /** As given by the client, cleaned. */
  readonly camera: string | undefined;
  readonly address: Address;
  /** Whether the client may open a session. */
  readonly access: Decision;
  /** Undefined if the connection was refused. */
  session: SessionManager | undefined;
  open: boolean;
}

export type Socket = WebSocket<SocketData>;

/** Seconds without any data from the peer; uWebSockets.js pings automatically. It aborts the process below 8. */
const idleTimeoutSeconds = 60;

/** @param hardCapBytes uWebSockets.js closes a connection with a larger message, without an error message. */
export function socketSettings(hardCapBytes: number) {
  return {
    maxPayloadLength: hardCapBytes,
    // Sessions check buffered bytes themselves and end with an error; 0 disables silent dropping.
    maxBackpressure: 0,
    idleTimeout: idleTimeoutSeconds,
  };
}

/** The headers of a handshake, which are valid only during its handler. */
export interface Handshake {
  readonly key: string;
  readonly subprotocol: string;
  readonly extensions: string;
}

export function handshakeOf(request: HttpRequest): Handshake {
  return {
    key: request.getHeader('sec-websocket-key'),
    subprotocol: replySubprotocol(request.getHeader('sec-websocket-protocol')),
    extensions: request.getHeader('sec-websocket-extensions'),
  };
}

/**
 * Replies to a handshake with 101. Extensions are declined, so compression is off. Browsers and `ws` fail the connection if none of
 * their subprotocols is accepted.
 */
export function acceptSocket<Data>(
  response: HttpResponse,
  { key, subprotocol, extensions }: Handshake,
  context: Parameters<HttpResponse['upgrade']>[4],
  data: Data,
): void {
  response.upgrade(data, key, subprotocol, extensions, context);
}

/** Time for a peer to receive its last message and close its side before the connection is cut. */
const maxClosingMs = 5000;

/** Sockets whose closing handshake has started. A peer that does not respond would otherwise hold its descriptor for a minute. */
export class ClosingSockets {
  /** In the order in which closing began. */
  readonly #sinceMs = new Map<Socket, number>();

  end(socket: Socket, code: number, reason?: string): void {
    this.#sinceMs.set(socket, performance.now());
    socket.end(code, reason);
  }

  /** Sends an error and closes. */
  refuse(socket: Socket, code: StreamErrorCode, detail: string = streamErrors[code].detail): void {
    socket.send(encodeError(code, detail));
    this.end(socket, closeCodeOf(code));
  }

  delete(socket: Socket): void {
    this.#sinceMs.delete(socket);
  }

  /** Cuts sockets whose time is over. */
  closeExpired(nowMs: number): void {
    for (const [socket, sinceMs] of this.#sinceMs) {
      if (nowMs - sinceMs < maxClosingMs) return;
      this.#sinceMs.delete(socket);
      socket.close();
    }
  }
}

/** Every call on a closed socket throws, so each is checked first. Corked, since replies are sent outside the socket's handlers. */
export function createOutbox(socket: Socket, closing: ClosingSockets): Outbox {
  const data = socket.getUserData();
  return {
    send: (message) => {
      if (data.open) socket.cork(() => socket.send(message));
    },
    ping: (payload) => {
      if (data.open) socket.ping(payload);
    },
    bufferedBytes: () => (data.open ? socket.getBufferedAmount() : 0),
    close: (code, reason) => {
      if (data.open) closing.end(socket, code, reason);
    },
    abort: () => {
      if (data.open) socket.close();
    },
  };
}
