/** The parts of uWebSockets.js that the endpoints use, without a network; the test is the peer. Tests only. */
import type { Socket, SocketData } from '../../src/server/stream-socket.ts';
import type { HttpRequest, HttpResponse, TemplatedApp } from '../../src/server/uws.ts';

type Handler = (response: HttpResponse, request: HttpRequest) => void;
type Behavior = Parameters<TemplatedApp['ws']>[1];

/** Keeps the handlers that an endpoint registers. */
export class FakeApp {
  /** By method and path, such as `post /frames`. */
  readonly handlers = new Map<string, Handler>();
  behavior: Behavior | undefined;

  get app(): TemplatedApp {
    return {
      any: (path: string, handler: Handler) => this.handlers.set(`any ${path}`, handler),
      post: (path: string, handler: Handler) => this.handlers.set(`post ${path}`, handler),
      ws: (_path: string, behavior: Behavior) => {
        this.behavior = behavior;
      },
    } as unknown as TemplatedApp;
  }

  /** Passes a request to a handler. */
  handle(name: string, request: HttpRequest): FakeResponse {
    const response = new FakeResponse();
    this.handlers.get(name)?.(response.response, request);
    return response;
  }
}

/** Records one reply. */
export class FakeResponse {
  status = '';
  readonly headers: Record<string, string> = {};
  body: string | undefined;
  /** The connection was closed after the reply. */
  wasClosed = false;
  /** The data of the socket, if the request became a WebSocket. */
  upgraded: SocketData | undefined;
  #onAborted: () => void = () => undefined;
  #onData: (chunk: ArrayBuffer, isLast: boolean) => void = () => undefined;

  get response(): HttpResponse {
    const response = {
      getRemoteAddressAsText: () => new TextEncoder().encode('192.0.2.1').buffer,
      cork: (write: () => void) => write(),
      writeStatus: (status: string) => {
        this.status = status;
      },
      writeHeader: (name: string, value: string) => {
        this.headers[name] = value;
      },
      end: (body: string, closes: boolean) => this.#end(body, closes),
      tryEnd: (bytes: Uint8Array) => {
        this.#end(Buffer.from(bytes).toString(), false);
        return [true, true];
      },
      onAborted: (handler: () => void) => {
        this.#onAborted = handler;
      },
      onData: (handler: (chunk: ArrayBuffer, isLast: boolean) => void) => {
        this.#onData = handler;
      },
      upgrade: (data: SocketData) => {
        this.upgraded = data;
      },
    };
    return response as unknown as HttpResponse;
  }

  /** The peer sends a piece of the body. */
  receive(bytes: Uint8Array, isLast = true): void {
    this.#onData(Uint8Array.from(bytes).buffer, isLast);
  }

  /** The peer is gone. */
  abort(): void {
    this.#onAborted();
  }

  #end(body: string, closes: boolean): void {
    if (this.body !== undefined) throw new Error('two replies');
    this.body = body;
    this.wasClosed = closes;
  }
}

/** A WebSocket; every call after its end throws, as in uWebSockets.js. */
export class FakeUwsSocket {
  readonly sent: string[] = [];
  readonly pings: string[] = [];
  /** The close code, or `cut`. */
  ended: number | 'cut' | undefined;
  endReason: string | undefined;
  readonly #data: SocketData;

  constructor(data: SocketData) {
    this.#data = data;
  }

  get socket(): Socket {
    const call = <Result>(act: () => Result): Result => {
      if (this.ended === 'cut') throw new Error('the socket is closed');
      return act();
    };
    const socket = {
      getUserData: () => this.#data,
      getBufferedAmount: () => call(() => 0),
      cork: (write: () => void) => call(write),
      send: (text: string) => call(() => this.sent.push(text)),
      ping: (payload: string) => call(() => this.pings.push(payload)),
      end: (code: number, reason?: string) =>
        call(() => {
          this.ended = code;
          this.endReason = reason;
        }),
      close: () =>
        call(() => {
          this.ended = 'cut';
        }),
    };
    return socket as unknown as Socket;
  }
}
