/** A WebSocket client of the stream that stores every message received. */
import { once } from 'node:events';
import WebSocket from 'ws';

export type Reply = Record<string, unknown>;

/** A longer wait is a failure, however busy the machine. */
const maxWaitMs = 90_000;
/** Delay before a dropped frame is sent again. */
const resendAfterMs = 20;

export class StreamClient {
  readonly socket: WebSocket;
  /** All messages, in order of arrival. */
  readonly replies: Reply[] = [];
  /** All messages as received. */
  readonly texts: string[] = [];
  closeCode: number | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(url: string, headers: Record<string, string>, localAddress: string | undefined) {
    const local = localAddress === undefined ? {} : { localAddress };
    this.socket = new WebSocket(url, { perMessageDeflate: false, headers, ...local });
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('the gateway never sends binary messages');
      this.texts.push(data.toString());
      this.replies.push(JSON.parse(data.toString()) as Reply);
      this.#wake();
    });
    // An error is followed by a close, which is what callers wait for.
    this.socket.on('error', () => undefined);
    this.socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
  }

  /** @param localAddress from which it connects */
  static async open(url: string, headers: Record<string, string> = {}, localAddress?: string): Promise<StreamClient> {
    const client = new StreamClient(url, headers, localAddress);
    await once(client.socket, 'open');
    return client;
  }

  send(bytes: Uint8Array | string): void {
    this.socket.send(bytes);
  }

  /** Waits until `done` holds; fails if the connection ends before. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.closeCode !== undefined) {
        throw new Error(`closed with ${this.closeCode} after ${this.texts.slice(-5).join(' ')}`);
      }
      await this.#change();
    }
  }

  /** Waits for the close code. */
  async closed(): Promise<number> {
    while (this.closeCode === undefined) await this.#change();
    return this.closeCode;
  }

  /** Waits until everything that the gateway has sent so far has arrived, by a ping, which is answered after earlier messages. */
  async settled(): Promise<void> {
    const pong = once(this.socket, 'pong');
    this.socket.ping();
    await pong;
  }

  /** Sends one frame repeatedly until it is not dropped, and waits for its result. */
  async sendUntilStarted(bytes: Uint8Array): Promise<Reply> {
    for (;;) {
      const before = this.#answers().length;
      this.send(bytes);
      await this.until(() => this.#answers().length > before);
      const newReply = this.#answers()[before] as Reply;
      if ('result' in newReply) return newReply;
      await new Promise((resolve) => setTimeout(resolve, resendAfterMs));
    }
  }

  /** Replies with this key. */
  with(key: 'result' | 'dropped' | 'warning' | 'error'): Reply[] {
    return this.replies.filter((reply) => key in reply);
  }

  close(): Promise<number> {
    this.socket.close();
    return this.closed();
  }

  #answers(): Reply[] {
    return this.replies.filter((reply) => 'frame_index' in reply);
  }

  #change(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`nothing received for ${maxWaitMs} ms after ${this.texts.slice(-5).join(' ')}`));
      }, maxWaitMs);
      this.#waiting.add(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
