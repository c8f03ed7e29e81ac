/** The client of a stream: connects, controls the frame rate, settles every frame and reconnects. Browser and Node. */
import { ClientError } from './client-error.ts';
import { CongestionWindow } from './congestion-window.ts';
import { Emitter } from './events.ts';
import { Retries } from './retries.ts';
import { type Frame, type OpenSocket, type Pending, type Reply, type Sent, Session } from './session.ts';
import { streamUrl } from './stream-url.ts';

export interface ConnectOptions {
  /**
   * The gateway: `ws://host:port` or `http://…`. The stream's path is appended to a path that ends with `/`; any other path is used
   * as is.
   */
  readonly url: string | URL;
  readonly pipeline: string;
  /** Name of the camera, by which whoever runs the gateway finds it in `/sessions`, the console and the log. */
  readonly camera?: string;
  /** Needed if the gateway has tokens. */
  readonly token?: string | undefined;
  /** Maximum frames in flight; default 8. */
  readonly maxInFlight?: number;
  /** Maximum frames per second; default 30. */
  readonly maxFps?: number;
  /**
   * Adapt the frame rate to the gateway's capacity; default true. If false, only the two limits above apply and the gateway drops
   * what exceeds its capacity.
   */
  readonly adapt?: boolean;
  /** Timeout for connecting and per reply; default 10,000. Must exceed the gateway's maximum hold plus its frame timeout. */
  readonly timeoutMs?: number;
  /** Maximum consecutive sessions without a result; default unlimited. */
  readonly maxAttempts?: number;
}

/** `waiting`: between a lost connection and the next attempt; `closed`: final. */
export type State = 'connecting' | 'open' | 'waiting' | 'closed';

type ReplyEvents = { [Type in Reply['type']]: Extract<Reply, { type: Type }> };

export interface ClientEvents extends ReplyEvents {
  /** A frame was sent with this index. */
  sent: { readonly frame: Frame; readonly index: number };
  /** The gateway sent `slow_down`; `fps` is the new rate limit. */
  slow_down: { readonly fps: number };
  state: { readonly state: State; readonly retryInMs?: number };
  /** A session ended or could not start. The client reconnects unless its state is now `closed`. */
  error: ClientError;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: ClientError) => void;
}

export class Client extends Emitter<ClientEvents> {
  readonly #url: URL;
  readonly #open: OpenSocket;
  readonly #options: Required<Omit<ConnectOptions, 'camera' | 'token'>> & Pick<ConnectOptions, 'token'>;
  #state: State = 'connecting';
  readonly #retries: Retries;
  /** Survives a move, so that the next session goes on at the same rate. */
  #window: CongestionWindow;
  #session: Session;
  #openedAtMs = 0;
  /** The newest frame, until it may be sent. */
  #held: Pending | undefined;
  #ready: Waiter[] = [];
  #opened: Waiter[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastError: ClientError | undefined;

  /** Use `connect`. @throws TypeError for an invalid address. @throws RangeError for an invalid limit. */
  constructor(options: ConnectOptions, open: OpenSocket) {
    super();
    const limits = { maxInFlight: 8, maxFps: 30, timeoutMs: 10_000, maxAttempts: Number.POSITIVE_INFINITY };
    this.#options = { adapt: true, ...limits, ...options };
    for (const name of Object.keys(limits) as (keyof typeof limits)[]) {
      const isCount = name === 'maxInFlight' || name === 'maxAttempts';
      const value = this.#options[name];
      if (!(value > 0) || (isCount && value < 1))
        throw new RangeError(`${name} must be ${isCount ? 'at least 1' : 'above 0'}`);
    }
    this.#url = streamUrl(options.url, options.pipeline, options.camera);
    this.#open = open;
    this.#retries = new Retries(this.#options.maxAttempts);
    this.#window = new CongestionWindow(this.#options);
    this.#session = this.#newSession();
  }

  get state(): State {
    return this.#state;
  }

  /** Why the client is closed; undefined until then. */
  get error(): ClientError | undefined {
    return this.#state === 'closed' ? this.#lastError : undefined;
  }

  /** Frames that were sent and have no reply yet. */
  get inFlight(): number {
    return this.#state === 'open' ? this.#window.inFlight : 0;
  }

  /** The current rate limit in frames per second. */
  get fps(): number {
    return this.#window.fps;
  }

  /**
   * Sends a frame now, or as soon as the rate allows. It replaces a frame that is still waiting, which is skipped. Without a
   * connection, the frame itself is skipped.
   * @throws TypeError for text, which would end the session.
   */
  send(frame: Frame): Sent {
    if (typeof frame === 'string') throw new TypeError('frame must be binary');
    const item = this.#pendingOf(frame);
    this.#skip();
    this.#held = item;
    if (this.#state === 'open') this.#pump();
    else this.#skip();
    return item;
  }

  /**
   * Resolves when a frame would be sent immediately: the right moment to capture one.
   * @throws ClientError when the client is closed.
   */
  async ready(): Promise<void> {
    do {
      const promise = this.#wait(this.#ready);
      this.#pump();
      await promise;
      // A message that arrived with the same reply, such as `slow_down`, may have changed it again.
    } while (this.#state !== 'open' || this.#session.waitMs(performance.now()) > 0);
  }

  /** Resolves when the connection is open. @throws ClientError when the attempt fails; the client keeps trying. */
  opened(): Promise<void> {
    return this.#state === 'open' ? Promise.resolve() : this.#wait(this.#opened);
  }

  /** Closes the connection; frames without a reply are lost with the code `closed`. */
  close(): void {
    if (this.#state !== 'closed') this.#finish(new ClientError('closed', 'The client was closed'));
  }

  #wait(waiters: Waiter[]): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(this.#lastError);
    return new Promise((resolve, reject) => {
      waiters.push({ resolve, reject });
    });
  }

  #newSession(): Session {
    const { token, timeoutMs } = this.#options;
    return new Session({
      ...{ open: this.#open, window: this.#window, token, timeoutMs },
      url: this.#url.href,
      onOpen: () => {
        this.#openedAtMs = performance.now();
        this.#setState('open');
        for (const { resolve } of this.#opened.splice(0)) resolve();
        this.#pump();
      },
      onSlowDown: () => this.emit('slow_down', { fps: this.fps }),
      onReply: () => this.#pump(),
      onEnd: (error, isMove) => this.#ended(error, isMove),
    });
  }

  #pendingOf(frame: Frame): Pending {
    let resolve: (reply: Reply) => void;
    const reply = new Promise<Reply>((settle) => {
      resolve = settle;
    });
    const settle = (outcome: Reply) => {
      if (outcome.type === 'result') this.#retries.succeeded();
      this.emit(outcome.type, outcome as never);
      resolve(outcome);
    };
    return { frame, reply, settle, index: undefined };
  }

  /** Sends the held frame if it may be sent, otherwise sets a timer. */
  #pump(): void {
    if (this.#state !== 'open') return;
    clearTimeout(this.#timer);
    const waitMs = this.#session.waitMs(performance.now());
    const item = this.#held;
    if (waitMs > 0) {
      const isAwaited = item !== undefined || this.#ready.length > 0;
      if (isAwaited && Number.isFinite(waitMs)) this.#timer = setTimeout(() => this.#pump(), waitMs);
    } else if (item === undefined) for (const { resolve } of this.#ready.splice(0)) resolve();
    else {
      this.#held = undefined;
      this.emit('sent', { frame: item.frame, index: this.#session.send(item) });
      this.#pump();
    }
  }

  #skip(): void {
    const item = this.#held;
    this.#held = undefined;
    item?.settle({ type: 'skipped', frame: item.frame });
  }

  #ended(error: ClientError, isMove: boolean): void {
    if (this.#state === 'closed') return;
    this.#lastError = error;
    if (isMove) this.#window.moved();
    else if (this.#state === 'open') this.#window = new CongestionWindow(this.#options);
    const retries = this.#retries;
    const retryInMs = isMove ? retries.moved(performance.now() - this.#openedAtMs) : retries.failed(error.code);
    if (retryInMs === undefined) this.#finish(error);
    else this.#retry(error, retryInMs);
    this.emit('error', error);
  }

  #retry(error: ClientError, retryInMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#setState('connecting');
      // A listener may have closed the client.
      if (this.#state === 'connecting') this.#session = this.#newSession();
    }, retryInMs);
    this.#setState('waiting', { retryInMs });
    this.#skip();
    for (const { reject } of this.#opened.splice(0)) reject(error);
  }

  #finish(error: ClientError): void {
    this.#lastError = error;
    clearTimeout(this.#timer);
    this.#setState('closed');
    this.#session.end('closed', error.detail);
    this.#skip();
    for (const { reject } of [...this.#opened.splice(0), ...this.#ready.splice(0)]) reject(error);
  }

  #setState(state: State, more: { readonly retryInMs?: number } = {}): void {
    this.#state = state;
    this.emit('state', { state, ...more });
  }
}
