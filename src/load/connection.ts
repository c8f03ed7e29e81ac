/** One camera's connection: numbers the frames it sends and matches each reply to its frame. Generator threads. */
import WebSocket, { type RawData } from 'ws';
import { type Reply, readReply } from './reply.ts';

/** A sent frame without a reply. */
export interface SentFrame {
  readonly intendedMs: number;
  /** The frame belongs to the measured part of the run. */
  readonly counted: boolean;
}

export interface ConnectionEvents {
  /** `frame` is the frame that the reply is for; it is no longer pending. */
  replied(reply: Reply, frame: SentFrame | undefined): void;
  /** A message of `length` bytes arrived. */
  received(length: number): void;
  /** The connection failed or was closed by the server. `how` is the close code, or `refused`. */
  lost(how: string): void;
}

export interface ConnectionTarget {
  /** Stream URL, including the pipeline. */
  readonly url: string;
  readonly token?: string | undefined;
}

type State =
  | { readonly kind: 'opening'; readonly settle: (failure: string | undefined) => void }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' };

const connectTimeoutMs = 10_000;
/** A server that accepts a connection and then refuses the session sends its error before its pong, or within this time. */
const refusalWaitMs = 1000;
/** No valid reply is longer; a server that sends more is disconnected. */
const maxReplyBytes = 16_777_216;
const normalCloseCode = 1000;
const closeTimeoutMs = 1000;

export class Connection {
  /** Resolves with `undefined` when the connection is usable, or with the reason why it is not. Never rejects. */
  readonly opened: Promise<string | undefined>;
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  readonly #pending = new Map<number, SentFrame>();
  #state: State;
  #sent = 0;
  #failure: string | undefined;
  #wasOpen = false;
  #refusalTimer: NodeJS.Timeout | undefined;

  constructor({ url, token }: ConnectionTarget, events: ConnectionEvents) {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.opened = promise;
    this.#state = { kind: 'opening', settle: resolve };
    this.#events = events;
    this.#socket = new WebSocket(url, {
      perMessageDeflate: false,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      handshakeTimeout: connectTimeoutMs,
      maxPayload: maxReplyBytes,
    });
    this.#socket.on('open', () => this.#accepted());
    this.#socket.on('pong', () => this.#usable());
    this.#socket.on('message', (data, isBinary) => this.#received(data, isBinary));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      // If every address of a host name fails, the error has a code and no message.
      this.#failure ??= error.message || error.code;
    });
    this.#socket.on('close', (code) => this.#closed(code));
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open' && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Bytes buffered in this process because the network has not accepted them yet. */
  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Frames without a reply, by index. */
  get pending(): ReadonlyMap<number, SentFrame> {
    return this.#pending;
  }

  send(bytes: Buffer, frame: SentFrame): void {
    this.#pending.set(this.#sent++, frame);
    // Failures arrive through the socket's own events.
    this.#socket.send(bytes, () => undefined);
  }

  /** Stops reading, so that replies pile up on the server. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Closes the connection. No event is emitted afterwards. */
  close(): Promise<void> {
    this.#settle({ kind: 'closed' }, 'closed');
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    this.#socket.once('close', () => resolve());
    const mustTerminate = this.#socket.isPaused || this.#socket.readyState === WebSocket.CONNECTING;
    if (mustTerminate) this.#socket.terminate();
    else this.#socket.close(normalCloseCode);
    const limit = setTimeout(() => this.#socket.terminate(), closeTimeoutMs);
    return promise.finally(() => clearTimeout(limit));
  }

  #accepted(): void {
    this.#wasOpen = true;
    this.#refusalTimer = setTimeout(() => this.#usable(), refusalWaitMs);
    this.#socket.ping();
  }

  #usable(): void {
    if (this.#state.kind === 'opening') this.#settle({ kind: 'open' }, undefined);
  }

  #received(data: RawData, isBinary: boolean): void {
    if (this.#state.kind === 'closed') return;
    const bytes = data as Buffer;
    this.#events.received(bytes.length);
    const reply: Reply = isBinary ? { kind: 'unexpected' } : readReply(bytes.toString());
    if (reply.kind === 'error') this.#failure ??= `${reply.code}: ${reply.detail}`;
    this.#events.replied(reply, this.#takePending(reply));
  }

  #takePending(reply: Reply): SentFrame | undefined {
    if (!('index' in reply) || reply.index === undefined) return undefined;
    const frame = this.#pending.get(reply.index);
    this.#pending.delete(reply.index);
    return frame;
  }

  #closed(code: number): void {
    if (this.#state.kind === 'closed') return;
    this.#settle({ kind: 'closed' }, this.#failure ?? `closed with ${code}`);
    this.#events.lost(this.#wasOpen ? String(code) : 'refused');
    // The listener has already counted them.
    this.#pending.clear();
  }

  #settle(next: State, failure: string | undefined): void {
    clearTimeout(this.#refusalTimer);
    if (this.#state.kind === 'opening') this.#state.settle(failure);
    this.#state = next;
  }
}
