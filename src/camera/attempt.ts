/** One attempt to play a source: asks what it gives, then plays it until it ends. Main thread. */

import { readJpegHeader } from '../jpeg/header.ts';
import type { LookAt } from './encoder.ts';

import type { FfmpegVersion, Input, Mode, Wishes } from './ffmpeg-arguments.ts';
import type { HttpGetter } from './http-getter.ts';
import { HttpLook } from './http-look.ts';
import type { LastWords } from './last-words.ts';
import { decodeWithFfmpeg, playWithFfmpeg, type StartOutput } from './output.ts';
import type { Picture, PictureBuffers } from './picture.ts';
import { mayBeCopied, refusalOfSize, type Size } from './picture-limits.ts';
import { firstPictureFactor, Play, type PlayEnd } from './play.ts';
import { type Format, Probe } from './probe.ts';
import type { Repair } from './repair.ts';
import { defaultSnapshotFps, playSnapshots } from './snapshots.ts';
import type { Source } from './source.ts';

export interface AttemptParts {
  readonly source: Source;
  readonly wishes: Wishes;
  readonly version: FfmpegVersion;
  /** The camera's own JPEGs do not do: a width or a quality was asked for, or they are refused. */
  readonly isEncoded: boolean;
  /** So long without a picture means that the source is lost. */
  readonly stallTimeoutMs: number;
  readonly buffers: PictureBuffers;
  /** The first picture has come. `keepsRate`: they come at the wished rate, and none has to be left out for it. */
  readonly live: (mode: Mode, keepsRate: boolean) => void;
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
    const { source } = this.#parts;
    if (source.kind !== 'http') return await this.#playStream(false);
    const look = new HttpLook(source.text, this.#patienceMs);
    this.#running = look;
    const end = await look.ended;
    switch (end.type) {
      case 'stopped':
        return stoppedEnd;
      case 'failed':
        return { ...end, pictures: 0 };
      case 'snapshots':
        return await this.#playSnapshots(end.getter, end.first);
      default:
        return await this.#playStream(end.type === 'jpegs');
    }
  }

  /** A source may take longer to begin than it may be silent later. */
  get #patienceMs(): number {
    return firstPictureFactor * this.#parts.stallTimeoutMs;
  }

  async #playStream(isJpegs: boolean): Promise<AttemptEnd> {
    if (this.#isStopped) return stoppedEnd;
    const { source, wishes, version, stallTimeoutMs } = this.#parts;
    const input = { source, wishes, version, stallTimeoutMs, isJpegs };
    const probe = new Probe(input, this.#patienceMs);
    this.#running = probe;
    const end = await probe.ended;
    if (end.type === 'stopped' || this.#isStopped) return stoppedEnd;
    if (end.type === 'failed') return { ...end, pictures: 0 };
    return await this.#playFormat(input, end.format);
  }

  async #playFormat(input: Input, format: Format): Promise<AttemptEnd> {
    const isJpeg = format.codec === 'mjpeg';
    const isHttp = input.source.kind === 'http';
    const mode = isJpeg && !format.isTurned ? this.#modeOfJpegs(format.size) : 'pictures';
    const refusal = mode === 'pictures' ? refusalOfSize(format.size) : undefined;
    if (refusal !== undefined) return refusedEnd(refusal);
    const isRecording = isHttp && format.durationMs !== undefined;
    const hasNoClock = isHttp && isJpeg && !isRecording;
    // ffmpeg takes parts of MIME as `image/jpeg` only. Others it shows without a size, and as bare JPEGs it takes them all.
    const isJpegs = input.isJpegs || (isHttp && isJpeg && format.size === undefined);
    const startMs = performance.now();
    const playing = {
      ...input,
      isJpegs,
      mode,
      deviceGivesJpeg: isJpeg,
      isRecording,
      hasNoClock,
      size: format.size,
    } as const;
    // ffmpeg itself leaves out what is above the rate of what it decodes.
    const fps = mode === 'pictures' ? input.wishes.fps : undefined;
    const end = await this.#play(mode, fps, playWithFfmpeg(playing));
    const missingMs = (format.durationMs ?? Number.POSITIVE_INFINITY) - (performance.now() - startMs);
    const isWhole = missingMs <= Math.max(earlyEndMs, earlyEndShare * (format.durationMs ?? 0));
    return { ...end, isWhole: isRecording && end.type === 'done' && isWhole };
  }

  async #playSnapshots(getter: HttpGetter, first: Buffer): Promise<AttemptEnd> {
    if (this.#isStopped) {
      getter.close();
      return stoppedEnd;
    }
    const { source, wishes, version, stallTimeoutMs } = this.#parts;
    const read = readJpegHeader(first);
    const size = read.ok ? read.header : undefined;
    const mode = this.#modeOfJpegs(size);
    const refusal = mode === 'pictures' ? refusalOfSize(size) : undefined;
    if (refusal !== undefined) {
      getter.close();
      return refusedEnd(refusal);
    }
    const fps = wishes.fps ?? defaultSnapshotFps;
    const snapshots = playSnapshots({ getter, first, fps, stallTimeoutMs });
    if (mode === 'copy') return await this.#play(mode, fps, snapshots);
    const playing = { source, wishes, version, stallTimeoutMs, mode, size };
    return await this.#play(mode, fps, decodeWithFfmpeg(snapshots, playing));
  }

  #modeOfJpegs(size: Size | undefined): Mode {
    return this.#parts.isEncoded || !mayBeCopied(size) ? 'pictures' : 'copy';
  }

  /** @param fps the rate that `start` keeps to by itself. */
  async #play(mode: Mode, fps: number | undefined, start: StartOutput): Promise<AttemptEnd> {
    const { stallTimeoutMs, buffers, broken, lookAt, repaired, hopeless, live, picture } = this.#parts;
    let isFirst = true;
    const play = new Play(
      {
        ...{ mode, stallTimeoutMs, buffers, broken, lookAt, repaired, hopeless, fps },
        picture: (next) => {
          if (this.#isStopped) return;
          if (isFirst) live(mode, fps !== undefined);
          isFirst = false;
          picture(next);
        },
      },
      start,
    );
    this.#running = play;
    return await play.ended;
  }
}

const stoppedEnd: AttemptEnd = { type: 'stopped', words: stopped, pictures: 0 };

function refusedEnd(detail: string): AttemptEnd {
  return { type: 'failed', words: { detail, healing: 'rarely' }, pictures: 0 };
}
