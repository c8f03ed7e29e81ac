/** One connection: numbers the frames, matches each with its reply, and ends once, with a reason. Browser and Node. */
import { type FrameResult, goingAwayCloseCode, moveReasons, type ServerMessage } from '../protocol.ts';
import { ClientError, type ClientErrorCode } from './client-error.ts';
import type { CongestionWindow, SentFrame } from './congestion-window.ts';

/** A JPEG in one of the platform's binary types. */
export type Frame = Blob | ArrayBuffer | ArrayBufferView;

/** The outcome of a frame. */
export type Reply =
  | { readonly type: 'result'; frame: Frame; index: number; result: FrameResult; roundTripMs: number }
  /** The gateway had no free worker for it in time, or it arrived when the gateway had asked the client to move. */
  | { readonly type: 'dropped'; frame: Frame; index: number; roundTripMs: number }
  /** Not sent: a newer frame replaced it, or there was no connection. */
  | { readonly type: 'skipped'; frame: Frame }
  /** The connection ended before the reply arrived; `error` has the reason. */
  | { readonly type: 'lost'; frame: Frame; index: number; error: ClientError };

/** A frame passed to the client. */
export interface Sent {
  /** Its `frame_index` in the current connection; `undefined` until it is sent. */
  readonly index: number | undefined;
  /** Never rejects. Once the frame is sent, settles within the timeout. */
  readonly reply: Promise<Reply>;
}

/** A frame with the client's bookkeeping. */
export interface Pending extends Sent {
  index: number | undefined;
  readonly frame: Frame;
  readonly settle: (reply: Reply) => void;
  sentFrame?: SentFrame;
}

/** Events of a platform's WebSocket. */
export interface SocketEvents {
  opened(): void;
  received(data: unknown): void;
  /** `detail` is for people, if the platform provides any. `close` is what the peer's close frame says. */
  closed(detail: string, close?: Close): void;
}

export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** The part of a WebSocket that this needs. */
export interface Socket {
  /** As in browsers: 1 is open; after a close frame has arrived, it is not. */
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(frame: Frame): void;
  close(): void;
}

export type OpenSocket = (url: string, events: SocketEvents, token: string | undefined) => Socket;

export interface SessionOptions {
  readonly window: CongestionWindow;
  readonly open: OpenSocket;
  readonly url: string;
  readonly token?: string | undefined;
  /** Timeout for opening the connection and for each reply. */
  readonly timeoutMs: number;
  readonly onOpen: () => void;
  readonly onSlowDown: () => void;
  /** A message arrived that may allow the next frame. */
  readonly onReply: () => void;
  /** Called once, after every pending frame is settled. `isMove`: the gateway has asked the client to connect again. */
  readonly onEnd: (error: ClientError, isMove: boolean) => void;
}

/** The longest delay of a timer. */
const maxTimeoutMs = 2 ** 31 - 1;
/** `readyState` of a WebSocket that takes frames. */
const openState = 1;
/** How often to check whether the last frame has left the socket's buffer. */
const drainPollMs = 10;

export class Session {
  readonly window: CongestionWindow;
  readonly #timeoutMs: number;
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #phase: 'opening' | 'open' | 'over' = 'opening';
  #frames = 0;
  #watchdog: ReturnType<typeof setTimeout>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.window = options.window;
    this.#timeoutMs = Math.min(options.timeoutMs, maxTimeoutMs);
    const events: SocketEvents = {
      opened: () => {
        if (this.#phase !== 'opening') return;
        this.#phase = 'open';
        options.onOpen();
      },
      received: (data) => {
        if (this.#phase === 'open') this.#received(data);
      },
      closed: (detail, close) => this.#end(this.#phase === 'open' ? 'closed' : 'unreachable', detail, close),
    };
    this.#socket = options.open(options.url, events, options.token);
    this.#watchdog = setTimeout(() => this.#watch(), this.#timeoutMs);
  }

  /** Like {@link CongestionWindow.waitMs}, but the socket's buffer must also be empty, or frames would become stale in it. */
  waitMs(nowMs: number): number {
    if (this.#phase !== 'open' || this.#socket.readyState !== openState) return Number.POSITIVE_INFINITY;
    return Math.max(this.#socket.bufferedAmount > 0 ? drainPollMs : 0, this.window.waitMs(nowMs));
  }

  send(item: Pending): number {
    const index = this.#frames++;
    item.index = index;
    item.sentFrame = this.window.sent(performance.now());
    this.#pending.set(index, item);
    this.#socket.send(item.frame);
    return index;
  }

  /** Settles pending frames as lost and closes the socket. */
  end(code: ClientErrorCode, detail: string): void {
    this.#end(code, detail);
  }

  #end(code: ClientErrorCode, detail: string, close?: Close): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    clearTimeout(this.#watchdog);
    const error = new ClientError(code, detail);
    const isMove = close?.code === goingAwayCloseCode;
    // Then the gateway has answered every frame that it received: the others crossed the close on their way, and were not taken.
    const isAnswered = isMove && moveReasons.some((reason) => reason === close.reason);
    const nowMs = performance.now();
    for (const [index, { settle, frame, sentFrame }] of this.#pending) {
      const roundTripMs = nowMs - (sentFrame?.sentAtMs ?? nowMs);
      settle(isAnswered ? { type: 'dropped', frame, index, roundTripMs } : { type: 'lost', frame, index, error });
    }
    this.#options.onEnd(error, isMove);
    this.#socket.close();
  }

  #received(data: unknown): void {
    const message = parse(data);
    if (message === undefined) this.end('invalid_reply', 'The peer is not a framegate gateway');
    else if ('error' in message) this.end(message.error, message.detail);
    else {
      if ('warning' in message) {
        this.window.slowDown(performance.now());
        this.#options.onSlowDown();
      } else this.#settle(message.frame_index, 'result' in message ? message.result : undefined);
      this.#options.onReply();
    }
  }

  /** `result` is undefined for a dropped frame. */
  #settle(index: number, result: FrameResult | undefined): void {
    const item = this.#pending.get(index);
    if (item?.sentFrame === undefined) return;
    this.#pending.delete(index);
    const { frame, sentFrame } = item;
    const nowMs = performance.now();
    const roundTripMs = nowMs - sentFrame.sentAtMs;
    if (result === undefined) {
      this.window.dropped(sentFrame, nowMs);
      item.settle({ type: 'dropped', frame, index, roundTripMs });
    } else {
      const serviceMs = result?.timings_ms?.['total'];
      this.window.result(sentFrame, nowMs, Number.isFinite(serviceMs) ? (serviceMs as number) : 0);
      item.settle({ type: 'result', frame, index, result, roundTripMs });
    }
  }

  /** Replies arrive almost in order, so checking the oldest frame is enough. */
  #watch(): void {
    const timeoutMs = this.#timeoutMs;
    if (this.#phase === 'opening') {
      this.end('unreachable', `No connection within ${timeoutMs} ms`);
      return;
    }
    const [oldest] = this.#pending.values();
    const leftMs = timeoutMs - (oldest?.sentFrame === undefined ? 0 : performance.now() - oldest.sentFrame.sentAtMs);
    if (leftMs > 0) this.#watchdog = setTimeout(() => this.#watch(), leftMs);
    else this.end('timed_out', `No reply within ${timeoutMs} ms`);
  }
}

/** @returns undefined for anything that is not a gateway message. */
function parse(data: unknown): ServerMessage | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const message = JSON.parse(data) as ServerMessage;
    if ('error' in message)
      return [message.error, message.detail].every((text) => typeof text === 'string') ? message : undefined;
    return ['result', 'dropped', 'warning'].some((key) => key in message) ? message : undefined;
  } catch {
    return undefined;
  }
}
