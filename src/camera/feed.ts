/** Keeps one source playing: finds out what it gives, plays it, and starts again when it was cut. Main thread. */
import type { FfmpegVersion, Mode, Wishes } from './ffmpeg-arguments.ts';
import type { LastWords } from './last-words.ts';
import type { Picture, PictureBuffers } from './picture.ts';
import { Play, type PlayEnd } from './play.ts';
import { type Format, Probe } from './probe.ts';
import { isLive, type Source } from './source.ts';

export type FeedState =
  | { readonly state: 'opening' }
  | { readonly state: 'live'; readonly mode: Mode }
  | { readonly state: 'waiting'; readonly detail: string; readonly retryInMs: number };

export interface FeedParts {
  readonly source: Source;
  readonly wishes: Wishes;
  readonly version: FfmpegVersion;
  /** Quality was asked for, so the camera's own JPEGs do not do. */
  readonly isEncoded: boolean;
  readonly reconnects: boolean;
  /** So long without a picture means that the source is lost. */
  readonly silenceMs: number;
  readonly buffers: PictureBuffers;
  readonly changed: (state: FeedState) => void;
  readonly picture: (picture: Picture) => void;
  readonly broken: () => void;
  /** No picture from before this may be used any more. */
  readonly cut: () => void;
}

export interface FeedEnd {
  /** `done`: played to its end, or stopped. */
  readonly type: 'done' | 'failed';
  readonly detail: string;
}

/** The first wait before a new attempt is about this long, and each further one doubles it, up to the longest. */
const firstRetryMs = 500;
const longestRetryMs = 15_000;
/** A source that has never given a picture and seems to be no video gets so many attempts. */
const mostDoubtfulAttempts = 3;
/** A recording that ends so long before its length says was played to its end, and one that ends sooner was cut. */
const earlyEndMs = 1000;
const earlyEndShare = 0.1;

interface Attempt {
  readonly type: PlayEnd['type'];
  readonly words: LastWords;
  readonly pictures: number;
  /** A recording over HTTP that was played to its end. */
  readonly isWhole?: boolean;
}

export class Feed {
  readonly #parts: FeedParts;
  #running: Probe | Play | undefined;
  #wake: (() => void) | undefined;
  #isStopped = false;
  /** Attempts in a row without a picture. */
  #attempts = 0;
  #everGave = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Plays until the source is over, is stopped, or trying again cannot help. Never rejects. */
  async run(): Promise<FeedEnd> {
    for (;;) {
      this.#parts.changed({ state: 'opening' });
      const attempt = await this.#attempt();
      if (this.#isStopped || attempt.type === 'stopped') return stoppedEnd;
      if (attempt.pictures > 0) this.#everGave = true;
      this.#attempts = attempt.pictures > 0 ? 0 : this.#attempts + 1;
      // A recording's last picture is as good as any other; a camera's is from before the cut.
      if (!attempt.isWhole && isLive(this.#parts.source)) this.#parts.cut();
      if (this.#isOver(attempt)) return endOf(attempt);
      await this.#pause(attempt.words.detail);
      if (this.#isStopped) return stoppedEnd;
    }
  }

  /** Ends what runs; `run` settles when it is gone. */
  stop(): void {
    this.#isStopped = true;
    this.#running?.stop();
    this.#wake?.();
  }

  async #attempt(): Promise<Attempt> {
    const { source, wishes, version, silenceMs } = this.#parts;
    // Asked again each time: it may be another camera now, or the same set up anew.
    const probe = new Probe(source, wishes, version, 2 * silenceMs);
    this.#running = probe;
    const end = await probe.ended;
    if (end.type === 'stopped' || this.#isStopped) return { type: 'stopped', words: stopped, pictures: 0 };
    if (end.type === 'failed') return { ...end, pictures: 0 };
    return await this.#play(end.format);
  }

  async #play(format: Format): Promise<Attempt> {
    const { source, wishes, version, silenceMs, buffers, broken } = this.#parts;
    const isCopied = format.codec === 'mjpeg' && !format.isTurned && !this.#parts.isEncoded;
    const mode = isCopied ? 'copy' : 'pictures';
    const deviceGivesJpeg = format.codec === 'mjpeg';
    const isRecording = source.kind === 'http' && format.durationMs !== undefined;
    const startMs = performance.now();
    let isFirst = true;
    const play = new Play({
      ...{ source, mode, wishes, version, silenceMs, buffers, broken, deviceGivesJpeg, isRecording },
      size: format.size,
      picture: (picture) => {
        if (this.#isStopped) return;
        if (isFirst) this.#parts.changed({ state: 'live', mode });
        isFirst = false;
        this.#parts.picture(picture);
      },
    });
    this.#running = play;
    const end = await play.ended;
    const missingMs = (format.durationMs ?? Number.POSITIVE_INFINITY) - (performance.now() - startMs);
    const isWhole = missingMs <= Math.max(earlyEndMs, earlyEndShare * (format.durationMs ?? 0));
    return { ...end, isWhole: isRecording && end.type === 'done' && isWhole };
  }

  #isOver(attempt: Attempt): boolean {
    return attempt.isWhole === true || !this.#parts.reconnects || this.#isHopeless(attempt);
  }

  #isHopeless({ words }: Attempt): boolean {
    switch (words.healing) {
      case 'never':
        return true;
      case 'rarely':
        return !this.#everGave && this.#attempts >= mostDoubtfulAttempts;
      case 'likely':
        return false;
    }
  }

  async #pause(detail: string): Promise<void> {
    const longestMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.max(0, this.#attempts - 1));
    // Bridges that lost the same camera or switch must not all come back at the same moment.
    const retryInMs = Math.round((longestMs * (1 + Math.random())) / 2);
    this.#parts.changed({ state: 'waiting', detail, retryInMs });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryInMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const stopped: LastWords = { detail: 'stopped', healing: 'likely' };
const stoppedEnd: FeedEnd = { type: 'done', detail: stopped.detail };

function endOf({ type, words }: Attempt): FeedEnd {
  return type === 'done' ? { type: 'done', detail: 'played to its end' } : { type: 'failed', detail: words.detail };
}
