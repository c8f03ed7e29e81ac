/** Publishes to one webhook: one POST per event, one at a time, so that they arrive in order. Main thread of the bridge. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { retryDelayMs } from './backoff.ts';
import { EventBuffer, type WaitingEvent } from './event-buffer.ts';
import type { CameraEvent } from './event-reader.ts';
import { OutageReport } from './outage-report.ts';
import { signatureHeader, signatureOf } from './signature.ts';
import type { Target, TargetCounts, TargetNotice, TargetState, TlsMaterial } from './target.ts';
import { outcomeOf } from './webhook-outcome.ts';
import { post } from './webhook-request.ts';

export interface WebhookTargetOptions {
  readonly name: string;
  readonly url: URL;
  readonly tls: TlsMaterial;
  /** Requests are not signed without one. */
  readonly secret: string | undefined;
  /** Of framegate. */
  readonly version: string;
  readonly onNotice: (notice: TargetNotice) => void;
}

/** Time for connecting, sending, and the receiver's work. */
const requestTimeoutMs = 10_000;
/** An event that the receiver fails on this often is given up, so that the others get through. About three minutes. */
const maxFailuresOfEvent = 10;
/** An event that could not be delivered for this long is not worth much any more. */
const maxRetryTimeMs = 86_400_000;
/** Shorter than the five seconds after which many receivers close an idle connection. */
const idleConnectionMs = 4000;

export class WebhookTarget implements Target {
  readonly name: string;
  readonly #options: WebhookTargetOptions;
  readonly #agent: HttpAgent;
  readonly #buffer = new EventBuffer();
  readonly #outage = new OutageReport();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #hasDelivered = false;
  #failures = 0;
  #isClosing = false;
  /** The receiver has asked to wait until then. */
  #notBeforeMs = 0;
  #wake: (() => void) | undefined;

  constructor(options: WebhookTargetOptions) {
    this.name = options.name;
    this.#options = options;
    const { url, tls } = options;
    const keepAlive = { keepAlive: true, maxSockets: 1, timeout: idleConnectionMs };
    this.#agent = url.protocol === 'https:' ? new HttpsAgent({ ...keepAlive, ...tls }) : new HttpAgent(keepAlive);
    this.#running = this.#run();
  }

  get counts(): TargetCounts {
    return this.#buffer.counts;
  }

  get state(): TargetState {
    if (this.#outage.isAway) return 'away';
    return this.#hasDelivered ? 'connected' : 'connecting';
  }

  publish(event: CameraEvent): void {
    const dropped = this.#buffer.push(event);
    if (dropped > 0) this.#say('lost', this.#outage.lost(dropped, 'the buffer is full', performance.now()));
    if (this.#failures === 0) this.#wake?.();
  }

  async close(maxMs: number): Promise<void> {
    this.#isClosing = true;
    const deadline = setTimeout(() => this.#stop.abort(), maxMs);
    const nowMs = performance.now();
    if (this.#notBeforeMs > nowMs + maxMs) this.#stop.abort();
    // A last attempt, unless the receiver has asked to wait.
    else if (this.#notBeforeMs <= nowMs) this.#wake?.();
    await this.#running;
    clearTimeout(deadline);
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const taken = this.#buffer.take();
      if (taken !== undefined) await this.#deliver(taken);
      else if (this.#isClosing) return;
      else await this.#sleep();
    }
  }

  /** Tries until the receiver has the event, refuses it, or has failed on it too often. */
  async #deliver(taken: WaitingEvent): Promise<void> {
    const startMs = performance.now();
    let failuresOfEvent = 0;
    while (!this.#stop.signal.aborted) {
      const outcome = outcomeOf(await this.#post(taken), Date.now());
      if (this.#stop.signal.aborted) return;
      if (outcome.type === 'delivered') return this.#delivered(taken);
      if (outcome.type === 'refused') return this.#giveUp(taken, outcome.detail);
      this.#say('away', this.#outage.failed(outcome.detail, performance.now()));
      failuresOfEvent += Number(outcome.isOfEvent);
      if (failuresOfEvent >= maxFailuresOfEvent)
        return this.#giveUp(taken, `${outcome.detail}, ${maxFailuresOfEvent} times`);
      if (performance.now() - startMs > maxRetryTimeMs) return this.#giveUp(taken, `${outcome.detail}, for a day`);
      await this.#waitToRetry(outcome.afterMs);
    }
  }

  /** @param minMs what the receiver asks for. */
  async #waitToRetry(minMs = 0): Promise<void> {
    this.#failures += 1;
    this.#notBeforeMs = performance.now() + minMs;
    await this.#sleep(Math.max(minMs, retryDelayMs(this.#failures, Math.random())));
  }

  #post({ event, message }: WaitingEvent) {
    const { url, secret, version } = this.#options;
    return post({
      ...{ url, agent: this.#agent, body: message, timeoutMs: requestTimeoutMs, signal: this.#stop.signal },
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': `framegate/${version}`,
        'Idempotency-Key': event.id,
        ...(secret === undefined ? {} : { [signatureHeader]: signatureOf(secret, message, Date.now()) }),
      },
    });
  }

  #delivered(taken: WaitingEvent): void {
    this.#buffer.acknowledge(taken);
    this.#failures = 0;
    this.#notBeforeMs = 0;
    const back = this.#outage.recovered(performance.now());
    if (back !== undefined) this.#options.onNotice({ type: 'back', detail: back });
    else if (!this.#hasDelivered) this.#options.onNotice({ type: 'connected' });
    this.#hasDelivered = true;
  }

  #giveUp(taken: WaitingEvent, why: string): void {
    this.#buffer.giveUp(taken);
    // The receiver answers: the next event has attempts of its own.
    this.#failures = 0;
    this.#say('lost', this.#outage.lost(1, why, performance.now()));
  }

  /** Sleeps for a time, or until something is to be done. */
  #sleep(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#stop.signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(wake, ms);
      this.#stop.signal.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }

  #say(type: 'away' | 'lost', detail: string | undefined): void {
    if (detail !== undefined) this.#options.onNotice({ type, detail });
  }
}
