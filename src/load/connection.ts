/** One camera's connection: opens it, numbers what it sends, and finds the frame that each reply is for. Generator threads. */
import WebSocket, { type RawData } from 'ws';
import { type Reply, readReply } from './reply.ts';

/** A frame that waits for its answer. */
export interface SentFrame {
  readonly intendedMs: number;
  /** It belongs to the part of the run that is counted. */
  readonly counted: boolean;
}

export interface ConnectionEvents {
  /** `frame` is what the reply answers; it waits no longer. */
  replied(reply: Reply, frame: SentFrame | undefined): void;
  /** `length` bytes of any message came. */
  received(length: number): void;
  /** It is gone, or was never there, and this side did not ask for that: a close code, or `refused`. */
  lost(how: string): void;
}

type State =
  | { readonly kind: 'opening'; readonly settle: (failure: string | undefined) => void }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' };

const openingLimitMs = 10_000;
/** A server that has accepted the connection only to refuse it says so before it answers a ping, or within this. */
const refusalLimitMs = 1000;
/** No reply is that long; a server that goes on and on is cut off. */
const maxReplyBytes = 16_777_216;
const normalCloseCode = 1000;
const closingLimitMs = 1000;

export class Connection {
  /** Settles when the connection can be used, or with the reason why it cannot. Never rejects. */
  readonly opened: Promise<string | undefined>;
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  readonly #awaited = new Map<number, SentFrame>();
  #state: State;
  #sent = 0;
  #failure: string | undefined;
  #wasOpen = false;
  #refusalTimer: NodeJS.Timeout | undefined;

  constructor(url: string, events: ConnectionEvents) {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.opened = promise;
    this.#state = { kind: 'opening', settle: resolve };
    this.#events = events;
    this.#socket = new WebSocket(url, {
      perMessageDeflate: false,
      handshakeTimeout: openingLimitMs,
      maxPayload: maxReplyBytes,
    });
    this.#socket.on('open', () => this.#accepted());
    this.#socket.on('pong', () => this.#usable());
    this.#socket.on('message', (data, isBinary) => this.#received(data, isBinary));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      // Where every address of a host name fails, the error has a code and no words.
      this.#failure ??= error.message || error.code;
    });
    this.#socket.on('close', (code) => this.#closed(code));
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open' && this.#socket.readyState === WebSocket.OPEN;
  }

  /** What this side still holds because the network has not taken it. */
  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Frames without an answer. */
  get awaited(): ReadonlyMap<number, SentFrame> {
    return this.#awaited;
  }

  send(bytes: Buffer, frame: SentFrame): void {
    this.#awaited.set(this.#sent++, frame);
    // A failure is told by the socket's own events.
    this.#socket.send(bytes, () => undefined);
  }

  /** Reads nothing more: what the server sends piles up there. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Ends the connection; nothing is heard of it afterwards. */
  close(): Promise<void> {
    this.#settle({ kind: 'closed' }, 'closed');
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    this.#socket.once('close', () => resolve());
    const isDeaf = this.#socket.isPaused || this.#socket.readyState === WebSocket.CONNECTING;
    if (isDeaf) this.#socket.terminate();
    else this.#socket.close(normalCloseCode);
    const limit = setTimeout(() => this.#socket.terminate(), closingLimitMs);
    return promise.finally(() => clearTimeout(limit));
  }

  #accepted(): void {
    this.#wasOpen = true;
    this.#refusalTimer = setTimeout(() => this.#usable(), refusalLimitMs);
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
    this.#events.replied(reply, this.#answeredBy(reply));
  }

  #answeredBy(reply: Reply): SentFrame | undefined {
    if (!('index' in reply) || reply.index === undefined) return undefined;
    const frame = this.#awaited.get(reply.index);
    this.#awaited.delete(reply.index);
    return frame;
  }

  #closed(code: number): void {
    if (this.#state.kind === 'closed') return;
    this.#settle({ kind: 'closed' }, this.#failure ?? `closed with ${code}`);
    this.#events.lost(this.#wasOpen ? String(code) : 'refused');
    // Whoever was told has counted them.
    this.#awaited.clear();
  }

  #settle(next: State, failure: string | undefined): void {
    clearTimeout(this.#refusalTimer);
    if (this.#state.kind === 'opening') this.#state.settle(failure);
    this.#state = next;
  }
}
