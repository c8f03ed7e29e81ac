/** One run: a client, the source that it sends, and each picture that was sent until its reply. */
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

/** A result with the very picture that it is about. */
export interface Answer {
  readonly index: number;
  readonly result: FrameResult;
  readonly roundTripMs: number;
  /** Closed when the listener returns. */
  readonly picture: ImageBitmap;
}

export interface RunEvents {
  sent(): void;
  answered(answer: Answer): void;
  dropped(): void;
  slowDown(): void;
  state(state: State, retryInMs: number | undefined): void;
  /** The session ended; the client comes back unless its state is `closed` right after. */
  failed(error: ClientError): void;
  /** The source cannot be read any more. */
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
  readonly #pictures = new Map<number, ImageBitmap>();
  #frames: CameraFrames | undefined;
  #isOver = false;

  constructor({ url, pipeline, adapt, source, events, ...tuning }: RunOptions) {
    this.#client = connect({ url, pipeline, adapt, maxFps: fpsLimits.most });
    this.#source = source;
    this.#events = events;
    this.#listen();
    this.tune(tuning);
  }

  /** Frames a second that the client allows itself. */
  get allowedFps(): number {
    return this.#client.fps;
  }

  get isOpen(): boolean {
    return this.#client.state === 'open';
  }

  /** Sends at another rate or quality from now on. */
  tune({ fps, quality }: Tuning): void {
    if (this.#client.state === 'closed') return;
    this.#frames?.stop();
    const { pictures, maxWidth, maxFps } = this.#source;
    const frames = streamCamera(this.#client, pictures, {
      quality: quality / 100,
      fps: Math.min(fps, maxFps),
      maxWidth,
      onSent: ({ index, picture }) => void this.#pictures.set(index, picture),
    });
    this.#frames = frames;
    frames.done.catch(() => {
      if (!this.#isOver && this.#frames === frames) this.#events.sourceFailed();
    });
  }

  /** For good. What is in flight is lost, and nothing is told of it. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#frames?.stop();
    this.#client.close();
  }

  #listen(): void {
    const client = this.#client;
    const events = this.#events;
    const unlessOver = (tell: () => void) => {
      if (!this.#isOver) tell();
    };
    client.on('sent', () => unlessOver(() => events.sent()));
    client.on('result', ({ index, result, roundTripMs }) => {
      this.#release(index, (picture) => {
        unlessOver(() => events.answered({ index, result, roundTripMs, picture }));
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

  /** Takes a picture out and closes it, after `use`, whatever happens there. */
  #release(index: number, use?: (picture: ImageBitmap) => void): void {
    const picture = this.#pictures.get(index);
    if (picture === undefined) return;
    this.#pictures.delete(index);
    try {
      use?.(picture);
    } finally {
      picture.close();
    }
  }
}
