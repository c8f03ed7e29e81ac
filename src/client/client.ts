/** A camera's side of the stream: connects, paces, settles every frame, and connects again. Browser and Node. */
import { ClientError, isFatal } from './client-error.ts';
import { Emitter } from './events.ts';
import { type Frame, type OpenSocket, type Pending, type Reply, type Sent, Session } from './session.ts';
import { streamUrl } from './stream-url.ts';

export interface ConnectOptions {
  /** The gateway: `ws://host:port` or `http://…`; with a path that ends with `/`, the stream is below it; with another, there. */
  readonly url: string | URL;
  readonly pipeline: string;
  /** Never more frames in flight than this: 8. */
  readonly maxInFlight?: number;
  /** Never more frames a second than this: 30. */
  readonly maxFps?: number;
  /** Keep to the pace that the gateway can take: true. Without it only the two limits above hold, and the rest is dropped. */
  readonly adapt?: boolean;
  /** For opening a connection and for each reply, longer than the gateway's longest hold and its frame timeout together: 10 000. */
  readonly timeoutMs?: number;
  /** Sessions in a row that may end without one result: endlessly many. */
  readonly maxAttempts?: number;
}

/** `waiting` is the time between a lost connection and the next attempt; `closed` is for good. */
export type State = 'connecting' | 'open' | 'waiting' | 'closed';

type ReplyEvents = { [Type in Reply['type']]: Extract<Reply, { type: Type }> };

export interface ClientEvents extends ReplyEvents {
  /** A frame has left, and this is its index. */
  sent: { readonly frame: Frame; readonly index: number };
  /** The gateway asks for less; `fps` is what the client allows itself now. */
  slow_down: { readonly fps: number };
  state: { readonly state: State; readonly retryInMs?: number };
  /** A session ended, or none could begin. The client comes back, unless its state is `closed` right after. */
  error: ClientError;
}

/** The first wait before a new attempt is about this long, and each further one doubles it, up to the longest. */
const firstRetryMs = 250;
const maxRetryMs = 15_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: ClientError) => void;
}

export class Client extends Emitter<ClientEvents> {
  readonly #url: URL;
  readonly #open: OpenSocket;
  readonly #options: Required<ConnectOptions>;
  #state: State = 'connecting';
  #session: Session;
  /** The newest frame, until the pace lets it go. */
  #held: Pending | undefined;
  #ready: Waiter[] = [];
  #opened: Waiter[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Sessions in a row without a result, and those of them at the end with the same code. */
  #attempts = 0;
  #sameCode = 0;
  #lastError: ClientError | undefined;

  /** Use `connect`. @throws TypeError for a bad address. @throws RangeError for a limit that nothing could keep to. */
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
    this.#url = streamUrl(options.url, options.pipeline);
    this.#open = open;
    this.#session = this.#newSession();
  }

  get state(): State {
    return this.#state;
  }

  /** Why the client has given up; undefined while it has not. */
  get error(): ClientError | undefined {
    return this.#state === 'closed' ? this.#lastError : undefined;
  }

  /** Frames that have left and have no reply yet. */
  get inFlight(): number {
    return this.#state === 'open' ? this.#session.pace.inFlight : 0;
  }

  /** Frames a second that the client allows itself now. */
  get fps(): number {
    return this.#session.pace.fps;
  }

  /**
   * Sends a frame, now or as soon as the pace allows; a frame that still waits is skipped for it. Without a connection it is
   * skipped itself.
   * @throws TypeError for text, which would end the session.
   */
  send(frame: Frame): Sent {
    if (typeof frame === 'string') throw new TypeError('a frame is binary');
    const item = this.#pendingOf(frame);
    this.#skip();
    this.#held = item;
    if (this.#state === 'open') this.#pump();
    else this.#skip();
    return item;
  }

  /**
   * Settles when a frame would leave at once: then is the time to take the newest picture.
   * @throws ClientError when the client is closed.
   */
  async ready(): Promise<void> {
    do {
      const promise = this.#wait(this.#ready);
      this.#pump();
      await promise;
      // What came together with the reply that made it ready, `slow_down` or the end, may have changed it again.
    } while (this.#state !== 'open' || this.#session.waitMs(performance.now()) > 0);
  }

  /** Settles when the connection is open. @throws ClientError when the attempt fails; the client goes on trying. */
  opened(): Promise<void> {
    return this.#state === 'open' ? Promise.resolve() : this.#wait(this.#opened);
  }

  /** Ends the connection; frames without a reply are lost with the code `closed`. */
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
    return new Session({
      ...this.#options,
      open: this.#open,
      url: this.#url.href,
      opened: () => {
        this.#setState('open');
        for (const { resolve } of this.#opened.splice(0)) resolve();
        this.#pump();
      },
      slowDown: () => this.emit('slow_down', { fps: this.fps }),
      replied: () => this.#pump(),
      ended: (error) => this.#ended(error),
    });
  }

  #pendingOf(frame: Frame): Pending {
    let resolve: (reply: Reply) => void;
    const reply = new Promise<Reply>((settle) => {
      resolve = settle;
    });
    const settle = (outcome: Reply) => {
      if (outcome.type === 'result') this.#attempts = this.#sameCode = 0;
      this.emit(outcome.type, outcome as never);
      resolve(outcome);
    };
    return { frame, reply, settle, index: undefined };
  }

  /** Lets go what may go, and otherwise comes back when it is time. */
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

  #ended(error: ClientError): void {
    if (this.#state === 'closed') return;
    this.#attempts += 1;
    this.#sameCode = error.code === this.#lastError?.code ? this.#sameCode + 1 : 1;
    this.#lastError = error;
    if (isFatal(error.code, this.#sameCode) || this.#attempts >= this.#options.maxAttempts) this.#finish(error);
    else this.#retry(error);
    this.emit('error', error);
  }

  #retry(error: ClientError): void {
    const maxMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (this.#attempts - 1));
    // Cameras that lost the same gateway must not all come back at the same moment.
    const retryInMs = (maxMs * (1 + Math.random())) / 2;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#setState('connecting');
      // Whoever heard of it may have closed the client.
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
