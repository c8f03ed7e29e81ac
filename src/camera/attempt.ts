/** One attempt to play a source: asks what it gives, then plays it until it ends. Main thread. */
import type { LookAt } from './encoder.ts';
import type { FfmpegVersion, Mode, Wishes } from './ffmpeg-arguments.ts';
import type { LastWords } from './last-words.ts';
import { playWithFfmpeg } from './output.ts';
import type { Picture, PictureBuffers } from './picture.ts';
import { Play, type PlayEnd, type PlayParts } from './play.ts';
import { type Format, Probe } from './probe.ts';
import type { Repair } from './repair.ts';
import type { Source } from './source.ts';

export interface AttemptParts {
  readonly source: Source;
  readonly wishes: Wishes;
  readonly version: FfmpegVersion;
  /** The camera's own JPEGs do not do: a width or a quality was asked for, or they are refused. */
  readonly isEncoded: boolean;
  /** So long without a picture means that the source is lost. */
  readonly silenceMs: number;
  readonly buffers: PictureBuffers;
  /** The first picture has come. */
  readonly live: (mode: Mode) => void;
  readonly picture: (picture: Picture) => void;
  readonly broken: () => void;
  readonly lookAt: LookAt;
  readonly repaired: (repair: Repair) => void;
  readonly hopeless: (reason: string) => void;
}

export interface AttemptEnd {
  readonly type: PlayEnd['type'];
  readonly words: LastWords;
  readonly pictures: number;
  /** A recording over HTTP that was played to its end. */
  readonly isWhole?: boolean;
}

/** A recording that ends so long before its length says was played to its end, and one that ends sooner was cut. */
const earlyEndMs = 1000;
const earlyEndShare = 0.1;

export const stopped: LastWords = { detail: 'stopped', healing: 'likely' };

export class Attempt {
  /** Never rejects. */
  readonly ended: Promise<AttemptEnd>;
  readonly #parts: AttemptParts;
  #running: { stop(): void } | undefined;
  #isStopped = false;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
    this.ended = this.#run();
  }

  /** Ends what runs; `ended` settles when it is gone. */
  stop(): void {
    this.#isStopped = true;
    this.#running?.stop();
  }

  async #run(): Promise<AttemptEnd> {
    const { source, wishes, version, silenceMs } = this.#parts;
    const probe = new Probe(source, wishes, version, 2 * silenceMs);
    this.#running = probe;
    const end = await probe.ended;
    if (end.type === 'stopped' || this.#isStopped) return { type: 'stopped', words: stopped, pictures: 0 };
    if (end.type === 'failed') return { ...end, pictures: 0 };
    return await this.#play(end.format);
  }

  async #play(format: Format): Promise<AttemptEnd> {
    const { source, wishes, version, silenceMs } = this.#parts;
    const isCopied = format.codec === 'mjpeg' && !format.isTurned && !this.#parts.isEncoded;
    const mode = isCopied ? 'copy' : 'pictures';
    const deviceGivesJpeg = format.codec === 'mjpeg';
    const isRecording = source.kind === 'http' && format.durationMs !== undefined;
    const startMs = performance.now();
    const playing = {
      source,
      mode,
      wishes,
      version,
      silenceMs,
      deviceGivesJpeg,
      isRecording,
      size: format.size,
    } as const;
    const play = new Play(this.#playParts(mode), playWithFfmpeg(playing));
    this.#running = play;
    const end = await play.ended;
    const missingMs = (format.durationMs ?? Number.POSITIVE_INFINITY) - (performance.now() - startMs);
    const isWhole = missingMs <= Math.max(earlyEndMs, earlyEndShare * (format.durationMs ?? 0));
    return { ...end, isWhole: isRecording && end.type === 'done' && isWhole };
  }

  #playParts(mode: Mode): PlayParts {
    const { silenceMs, wishes, buffers, broken, lookAt, repaired, hopeless, live, picture } = this.#parts;
    let isFirst = true;
    return {
      ...{ mode, silenceMs, buffers, broken, lookAt, repaired, hopeless },
      // ffmpeg itself leaves out what is above the rate of what it decodes.
      fps: mode === 'pictures' ? wishes.fps : undefined,
      picture: (next) => {
        if (this.#isStopped) return;
        if (isFirst) live(mode);
        isFirst = false;
        picture(next);
      },
    };
  }
}
