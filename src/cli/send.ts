/** `framegate send`: sends JPEG files like a camera and prints every reply as one JSON line. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import { type Client, ClientError, type ClientErrorCode, connect, type Frame, type Reply } from '../client/node.ts';
import { ConfigError } from '../errors.ts';
import { shownUrl } from '../shown-url.ts';
import { clientToken, type TokenFlags } from './client-token.ts';
import { streamUrlOf, withCameraName } from './gateway-address.ts';
import { jpegFilesAt } from './jpeg-files.ts';
import { sampleFramesFolder } from './sample-frames.ts';

export interface SendOptions extends TokenFlags {
  /** Send the built-in frames instead of files. */
  readonly sample?: boolean;
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

/** Errors that are not a message of the gateway. */
const clientCodes: ReadonlySet<ClientErrorCode> = new Set(['unreachable', 'closed', 'timed_out', 'invalid_reply']);

/** The files decide what is sent, and when: the client limits nothing, and it does not reconnect. */
const noLimits = {
  adapt: false,
  maxInFlight: Number.POSITIVE_INFINITY,
  maxFps: Number.POSITIVE_INFINITY,
  timeoutMs: Number.POSITIVE_INFINITY,
  maxAttempts: 1,
};

/**
 * Sends files in order.
 * @returns the exit code: 0 if every file got a result, otherwise 1.
 * @throws ConfigError if there is nothing to send, or no connection.
 */
export async function send(paths: readonly string[], options: SendOptions): Promise<number> {
  const { sample = false } = options;
  if (sample && paths.length > 0) throw new ConfigError(['use either --sample or files, not both']);
  if (!sample && paths.length === 0)
    throw new ConfigError(['specify JPEG files or folders, or --sample for the built-in frames']);
  const files = sample ? jpegFilesAt(sampleFramesFolder()) : paths.flatMap(jpegFilesAt);
  if (files.length === 0) throw new ConfigError([`no JPEG file in ${paths.join(', ')}`]);
  const address = streamUrlOf(options.url, options.pipeline);
  const url = withCameraName(address, 'send');
  const client = connect({ ...noLimits, url, pipeline: options.pipeline, token: clientToken(options) });
  const sender = new Sender(files, client);
  await client.opened().catch(({ detail }: ClientError) => {
    throw new ConfigError([`cannot reach ${shownUrl(address)}: ${detail}`]);
  });
  try {
    await (options.fps === undefined ? sender.oneByOne() : sender.atRate(options.fps));
  } catch (error) {
    // The connection has ended, and its reason is printed.
    if (!(error instanceof ClientError)) throw error;
  }
  return sender.finish();
}

class Sender {
  readonly #files: readonly string[];
  readonly #client: Client;
  readonly #bar = new SingleBar({
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
    format: 'sending [{bar}] {value}/{total} {file}',
  });
  readonly #fileOf = new WeakMap<Frame, string>();
  #results = 0;

  constructor(files: readonly string[], client: Client) {
    this.#files = files;
    this.#client = client;
    client.on('result', ({ frame, index, result }) => {
      this.#results += 1;
      this.#replied(frame, { frame_index: index, result });
    });
    client.on('dropped', ({ frame, index }) => this.#replied(frame, { frame_index: index, dropped: true }));
    client.on('slow_down', () => print({ warning: 'slow_down' }));
    client.on('error', ({ code, detail }) => {
      if (!clientCodes.has(code)) print({ error: code, detail });
      else if (code !== 'unreachable') process.stderr.write(`${detail}\n`);
    });
  }

  /** Sends each file until it gets a result or an error, one after the other. @throws ClientError when the connection ends. */
  async oneByOne(): Promise<void> {
    this.#startBar();
    for (const file of this.#files) {
      for (let tries = 0; tries <= maxRetries; tries++) {
        const { type } = await (await this.#send(file)).reply;
        if (type !== 'dropped') break;
        await sleep(retryDelayMs);
      }
    }
  }

  /** Sends each file once, at a fixed rate, without waiting for replies. @throws ClientError when the connection ends. */
  async atRate(fps: number): Promise<void> {
    this.#startBar();
    const startedAtMs = performance.now();
    const replies: Promise<Reply>[] = [];
    for (const [index, file] of this.#files.entries()) {
      await sleep(Math.max(0, startedAtMs + (index * 1000) / fps - performance.now()));
      replies.push((await this.#send(file)).reply);
    }
    await Promise.race([Promise.all(replies), sleep(drainTimeoutMs, undefined, { ref: false })]);
  }

  finish(): number {
    this.#bar.stop();
    this.#client.close();
    return this.#results === this.#files.length ? 0 : 1;
  }

  #startBar(): void {
    if (process.stderr.isTTY) this.#bar.start(this.#files.length, 0, { file: '' });
  }

  /** The reply is wrapped, since an async function would wait for it. */
  async #send(file: string): Promise<{ readonly reply: Promise<Reply> }> {
    const frame = readFileSync(file);
    this.#fileOf.set(frame, file);
    await this.#client.ready();
    return this.#client.send(frame);
  }

  #replied(frame: Frame, message: object): void {
    const file = this.#fileOf.get(frame);
    print({ file, ...message });
    this.#bar.update(this.#results, { file });
  }
}

function print(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
