/** A camera's side of the stream: sends what it is told to and keeps everything that comes back. */
import { once } from 'node:events';
import WebSocket from 'ws';

export type Reply = Record<string, unknown>;

export class StreamClient {
  readonly socket: WebSocket;
  /** Every message, in order of arrival. */
  readonly replies: Reply[] = [];
  /** Every message as it came. */
  readonly texts: string[] = [];
  closeCode: number | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(url: string) {
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('the gateway never sends binary messages');
      this.texts.push(data.toString());
      this.replies.push(JSON.parse(data.toString()) as Reply);
      this.#wake();
    });
    this.socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
  }

  static async open(url: string): Promise<StreamClient> {
    const client = new StreamClient(url);
    await once(client.socket, 'open');
    return client;
  }

  send(bytes: Uint8Array | string): void {
    this.socket.send(bytes);
  }

  /** Waits until `done` holds; fails when the connection is gone without it. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode} after ${this.texts.join(' ')}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Waits for the close code. */
  async closed(): Promise<number> {
    while (this.closeCode === undefined) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.closeCode;
  }

  /** Replies with this key. */
  with(key: 'result' | 'dropped' | 'warning' | 'error'): Reply[] {
    return this.replies.filter((reply) => key in reply);
  }

  close(): Promise<number> {
    this.socket.close();
    return this.closed();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
