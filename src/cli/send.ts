/** `framegate send`: sends JPEG files like a camera and prints every reply as one JSON line. */
import { readFileSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import WebSocket from 'ws';
import { onRefusal } from '../client/refusal.ts';
import { ConfigError } from '../errors.ts';
import type { ServerMessage } from '../protocol.ts';
import { streamUrlOf } from './gateway-address.ts';
import { jpegFilesAt } from './jpeg-files.ts';

export interface SendOptions {
  readonly pipeline: string;
  readonly url: string;
  /** Frames per second; if undefined, each frame is sent after the reply to the previous one. */
  readonly fps: number | undefined;
}

/** Without a rate, a dropped frame is sent again after this time. */
const retryDelayMs = 50;
/** A server that is loading its models drops frames for a few seconds. */
const maxRetries = 200;
/** With a rate, maximum wait for the last replies. */
const drainTimeoutMs = 10_000;

/**
 * Sends files in order.
 * @returns the exit code: 0 if every file got a result, otherwise 1.
 * @throws ConfigError if there is nothing to send.
 */
export async function send(paths: readonly string[], options: SendOptions): Promise<number> {
  const files = paths.flatMap(jpegFilesAt);
  if (files.length === 0) throw new ConfigError([`no JPEG file in ${paths.join(', ')}`]);
  const sender = new Sender(
    files,
    new WebSocket(streamUrlOf(options.url, options.pipeline), { perMessageDeflate: false }),
  );
  await sender.waitForOpen();
  await (options.fps === undefined ? sender.oneByOne() : sender.atRate(options.fps));
  return sender.finish();
}

class Sender {
  readonly #files: readonly string[];
  readonly #socket: WebSocket;
  readonly #bar = new SingleBar({
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
    format: 'sending [{bar}] {value}/{total} {file}',
  });
  /** File of each frame index. */
  readonly #sent: string[] = [];
  #results = 0;
  #replies = 0;
  #wake: (() => void) | undefined;
  #lastReply: ServerMessage | undefined;
  #closed = false;

  constructor(files: readonly string[], socket: WebSocket) {
    this.#files = files;
    this.#socket = socket;
    socket.on('message', (data) => this.#received(JSON.parse(data.toString()) as ServerMessage));
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  waitForOpen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('open', resolve);
      const fail = (reason: string) => reject(new ConfigError([`cannot reach ${this.#socket.url}: ${reason}`]));
      onRefusal(this.#socket, fail);
      // Aborting a refused attempt emits another error, which is ignored here.
      this.#socket.on('error', ({ message }) => fail(message));
    });
  }

  /** Sends each file until it gets a result or an error, one after the other. */
  async oneByOne(): Promise<void> {
    this.#startBar();
    for (const file of this.#files) {
      const bytes = readFileSync(file);
      for (let tries = 0; tries <= maxRetries && !this.#closed; tries++) {
        this.#sendFrame(file, bytes);
        await this.#until(() => this.#replies === this.#sent.length);
        if (this.#lastReply === undefined || !('dropped' in this.#lastReply)) break;
        await sleep(retryDelayMs);
      }
      if (this.#closed) return;
    }
  }

  /** Sends each file once, at a fixed rate, without waiting for replies. */
  async atRate(fps: number): Promise<void> {
    this.#startBar();
    const startedAtMs = performance.now();
    for (const [index, file] of this.#files.entries()) {
      const bytes = readFileSync(file);
      await sleep(Math.max(0, startedAtMs + (index * 1000) / fps - performance.now()));
      if (this.#closed) return;
      this.#sendFrame(file, bytes);
    }
    await this.#until(() => this.#replies === this.#sent.length, drainTimeoutMs);
  }

  finish(): number {
    this.#bar.stop();
    if (this.#closed && this.#replies < this.#sent.length) process.stderr.write('connection closed\n');
    this.#socket.close();
    return this.#results === this.#files.length ? 0 : 1;
  }

  #startBar(): void {
    if (process.stderr.isTTY) this.#bar.start(this.#files.length, 0, { file: '' });
  }

  #sendFrame(file: string, bytes: Buffer): void {
    this.#sent.push(file);
    this.#socket.send(bytes);
  }

  #received(message: ServerMessage): void {
    const file = 'frame_index' in message ? this.#sent[message.frame_index] : undefined;
    process.stdout.write(`${JSON.stringify(file === undefined ? message : { file, ...message })}\n`);
    if ('warning' in message) return;
    this.#lastReply = message;
    this.#replies += 1;
    if ('result' in message) this.#results += 1;
    this.#bar.update(this.#results, { file: file ?? '' });
    this.#wake?.();
  }

  /** Waits until `done()`, the end of the connection, or the time limit. */
  async #until(done: () => boolean, limitMs?: number): Promise<void> {
    const deadlineMs = limitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + limitMs;
    while (!done() && !this.#closed && performance.now() < deadlineMs) {
      let limit: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (limitMs !== undefined) limit = setTimeout(resolve, deadlineMs - performance.now());
      });
      clearTimeout(limit);
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
