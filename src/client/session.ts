/** One connection: numbers the frames, pairs each with its reply, and ends once, with a reason. Browser and Node. */
import type { FrameResult, ServerMessage } from '../protocol.ts';
import { ClientError, type ClientErrorCode } from './client-error.ts';
import { CongestionWindow, type SentFrame, type WindowLimits } from './congestion-window.ts';

/** A JPEG, as the platform has it. */
export type Frame = Blob | ArrayBuffer | ArrayBufferView;

/** What became of a frame. */
export type Reply =
  | { readonly type: 'result'; frame: Frame; index: number; result: FrameResult; roundTripMs: number }
  /** The gateway had no worker for it in time. */
  | { readonly type: 'dropped'; frame: Frame; index: number; roundTripMs: number }
  /** It never left: a newer frame took its place, or there was no connection. */
  | { readonly type: 'skipped'; frame: Frame }
  /** The connection ended before its reply came; `error` says why. */
  | { readonly type: 'lost'; frame: Frame; index: number; error: ClientError };

/** A frame that was given to the client. */
export interface Sent {
  /** Its `frame_index` in the current connection; `undefined` until it has left. */
  readonly index: number | undefined;
  /** Never rejects, and never waits for longer than the time limit of a frame that has left. */
  readonly reply: Promise<Reply>;
}

/** A frame with all that the client keeps of it. */
export interface Pending extends Sent {
  index: number | undefined;
  readonly frame: Frame;
  readonly settle: (reply: Reply) => void;
  sentFrame?: SentFrame;
}

/** What a platform's WebSocket tells. */
export interface SocketEvents {
  opened(): void;
  received(data: unknown): void;
  /** `detail` for people, where the platform has any. */
  closed(detail: string): void;
}

/** The part of a WebSocket that is needed. */
export interface Socket {
  readonly bufferedAmount: number;
  send(frame: Frame): void;
  close(): void;
}

export type OpenSocket = (url: string, events: SocketEvents) => Socket;

export interface SessionOptions extends WindowLimits {
  readonly open: OpenSocket;
  readonly url: string;
  /** For the connection to open, and for each frame's reply. */
  readonly timeoutMs: number;
  readonly opened: () => void;
  readonly slowDown: () => void;
  /** Something came that may let the next frame go. */
  readonly replied: () => void;
  /** Called once, after every pending frame was settled. */
  readonly ended: (error: ClientError) => void;
}

/** Timers go no further. */
const maxTimeoutMs = 2 ** 31 - 1;
/** While the last frame has not left the socket's buffer, it is looked at this often. */
const drainPollMs = 10;

export class Session {
  readonly pace: CongestionWindow;
  readonly #timeoutMs: number;
  readonly #parts: SessionOptions;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #phase: 'opening' | 'open' | 'over' = 'opening';
  #frames = 0;
  #watchdog: ReturnType<typeof setTimeout>;

  constructor(parts: SessionOptions) {
    this.#parts = parts;
    this.pace = new CongestionWindow(parts);
    this.#timeoutMs = Math.min(parts.timeoutMs, maxTimeoutMs);
    this.#socket = parts.open(parts.url, {
      opened: () => {
        if (this.#phase !== 'opening') return;
        this.#phase = 'open';
        parts.opened();
      },
      received: (data) => {
        if (this.#phase === 'open') this.#received(data);
      },
      closed: (detail) => this.end(this.#phase === 'open' ? 'closed' : 'unreachable', detail),
    });
    this.#watchdog = setTimeout(() => this.#watch(), this.#timeoutMs);
  }

  /** As {@link Pace.waitMs}; the socket's own buffer must be empty too, or frames would grow old in it. */
  waitMs(nowMs: number): number {
    if (this.#phase !== 'open') return Number.POSITIVE_INFINITY;
    return Math.max(this.#socket.bufferedAmount > 0 ? drainPollMs : 0, this.pace.waitMs(nowMs));
  }

  send(item: Pending): number {
    const index = this.#frames++;
    item.index = index;
    item.sentFrame = this.pace.sent(performance.now());
    this.#pending.set(index, item);
    this.#socket.send(item.frame);
    return index;
  }

  /** Settles what is pending as lost and leaves the socket. */
  end(code: ClientErrorCode, detail: string): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    clearTimeout(this.#watchdog);
    const error = new ClientError(code, detail);
    for (const [index, { settle, frame }] of this.#pending) settle({ type: 'lost', frame, index, error });
    this.#parts.ended(error);
    this.#socket.close();
  }

  #received(data: unknown): void {
    const message = parse(data);
    if (message === undefined) this.end('invalid_reply', 'The peer does not answer as a gateway does');
    else if ('error' in message) this.end(message.error, message.detail);
    else {
      if ('warning' in message) {
        this.pace.slowDown(performance.now());
        this.#parts.slowDown();
      } else this.#settle(message.frame_index, 'result' in message ? message.result : undefined);
      this.#parts.replied();
    }
  }

  /** `result` is undefined for a frame that was dropped. */
  #settle(index: number, result: FrameResult | undefined): void {
    const item = this.#pending.get(index);
    if (item?.sentFrame === undefined) return;
    this.#pending.delete(index);
    const { frame, sentFrame } = item;
    const nowMs = performance.now();
    const roundTripMs = nowMs - sentFrame.sentAtMs;
    if (result === undefined) {
      this.pace.dropped(sentFrame, nowMs);
      item.settle({ type: 'dropped', frame, index, roundTripMs });
    } else {
      const serviceMs = result?.timings_ms?.['total'];
      this.pace.result(sentFrame, nowMs, Number.isFinite(serviceMs) ? (serviceMs as number) : 0);
      item.settle({ type: 'result', frame, index, result, roundTripMs });
    }
  }

  /** Replies come almost in order, so the oldest frame tells whether the peer still answers. */
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

/** @returns undefined for what no gateway would say. */
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
