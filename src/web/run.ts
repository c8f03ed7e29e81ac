/** One run: a client, its source, and the images of all frames in flight. */
import {
  type CameraFrames,
  type Client,
  type ClientError,
  connect,
  type FrameResult,
  type State,
  streamCamera,
} from '../client/index.ts';
import { fpsLimits } from './preferences.ts';
import type { Source } from './sources.ts';
import { pageToken } from './token.ts';

/** A result with the image of its frame. */
export interface ReceivedResult {
  readonly index: number;
  readonly result: FrameResult;
  readonly roundTripMs: number;
  /** Closed when the listener returns. */
  readonly image: ImageBitmap;
}

export interface RunEvents {
  sent(): void;
  result(received: ReceivedResult): void;
  dropped(): void;
  slowDown(): void;
  state(state: State, retryInMs: number | undefined): void;
  /** The session ended. The client reconnects unless its next state is `closed`. */
  failed(error: ClientError): void;
  /** The source can no longer be read. */
  sourceFailed(): void;
}

export interface Tuning {
  readonly fps: number;
  /** JPEG quality in percent. */
  readonly quality: number;
}

export interface RunOptions extends Tuning {
  readonly url: URL;
  readonly pipeline: string;
  readonly adapt: boolean;
  readonly source: Source;
  readonly events: RunEvents;
}

export class Run {
  readonly #client: Client;
  readonly #source: Source;
  readonly #events: RunEvents;
  readonly #images = new Map<number, ImageBitmap>();
  #frames: CameraFrames | undefined;
  #isOver = false;

  constructor({ url, pipeline, adapt, source, events, ...tuning }: RunOptions) {
    this.#client = connect({ url, pipeline, camera: 'console', token: pageToken(), adapt, maxFps: fpsLimits.max });
    this.#source = source;
    this.#events = events;
    this.#listen();
    this.tune(tuning);
  }

  /** Current rate limit of the client, in frames per second. */
  get allowedFps(): number {
    return this.#client.fps;
  }

  get isOpen(): boolean {
    return this.#client.state === 'open';
  }

  /** Changes rate and quality. */
  tune({ fps, quality }: Tuning): void {
    if (this.#client.state === 'closed') return;
    this.#frames?.stop();
    const { images, maxWidth, maxFps } = this.#source;
    const frames = streamCamera(this.#client, images, {
      quality: quality / 100,
      fps: Math.min(fps, maxFps),
      maxWidth,
      onSent: ({ index, picture }) => void this.#images.set(index, picture),
    });
    this.#frames = frames;
    frames.done.catch(() => {
      if (!this.#isOver && this.#frames === frames) this.#events.sourceFailed();
    });
  }

  /** Stops permanently. Replies to frames in flight are ignored. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#frames?.stop();
    this.#client.close();
  }

  #listen(): void {
    const client = this.#client;
    const events = this.#events;
    const unlessOver = (notify: () => void) => {
      if (!this.#isOver) notify();
    };
    client.on('sent', () => unlessOver(() => events.sent()));
    client.on('result', ({ index, result, roundTripMs }) => {
      this.#release(index, (image) => {
        unlessOver(() => events.result({ index, result, roundTripMs, image }));
      });
    });
    client.on('dropped', ({ index }) => {
      this.#release(index);
      unlessOver(() => events.dropped());
    });
    client.on('lost', ({ index }) => this.#release(index));
    client.on('slow_down', () => unlessOver(() => events.slowDown()));
    client.on('state', ({ state, retryInMs }) => unlessOver(() => events.state(state, retryInMs)));
    client.on('error', (error) => unlessOver(() => events.failed(error)));
  }

  /** Removes an image and closes it after `use`, even if that throws. */
  #release(index: number, use?: (image: ImageBitmap) => void): void {
    const image = this.#images.get(index);
    if (image === undefined) return;
    this.#images.delete(index);
    try {
      use?.(image);
    } finally {
      image.close();
    }
  }
}
