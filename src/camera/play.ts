/** Plays a source once: an output from its start to its end, its pictures as they come, and a watch over its silence. Main thread. */

import { noEoi } from '../jpeg/header.ts';
import type { LookAt } from './encoder.ts';
import type { Mode } from './ffmpeg-arguments.ts';
import { type FrameHead, FrameSplitter, readPartHead, readPpmHead, SplitError } from './frame-splitter.ts';
import type { LastWords } from './last-words.ts';
import type { Output, OutputEnd, StartOutput } from './output.ts';
import type { Picture, PictureBuffers } from './picture.ts';
import { type Repair, repairJpeg } from './repair.ts';

export interface PlayEnd {
  /** `done` is an end without a fault: a file that was played. */
  readonly type: 'done' | 'failed' | 'stopped';
  readonly words: LastWords;
  readonly pictures: number;
}

export interface PlayParts {
  readonly mode: Mode;
  /** So long without a picture means that the source is lost. */
  readonly stallTimeoutMs: number;
  /** The output keeps to this rate itself: two pictures of a low one are far apart. */
  readonly fps?: number | undefined;
  readonly buffers: PictureBuffers;
  readonly picture: (picture: Picture) => void;
  /** A frame of the camera that is no whole JPEG: half of one, as a bad cable gives. */
  readonly broken: () => void;
  readonly lookAt: LookAt;
  /** A frame was no whole JPEG and is one now. */
  readonly repaired: (repair: Repair) => void;
  /** One frame after the other is no JPEG: somebody else must decode them. */
  readonly hopeless: (reason: string) => void;
}

/** The first picture may take longer than a next one: an H.264 camera shows nothing before its next key frame. */
export const firstPictureFactor = 2;
/** So many frames in a row that are no JPEG are the camera's way, and not a bad moment. */
const maxRefusedInARow = 30;
/** Timers go no further: a rate of a picture a month. */
const maxTimerMs = 2 ** 31 - 1;

export class Play {
  readonly ended: Promise<PlayEnd>;
  readonly #parts: PlayParts;
  readonly #output: Output;
  readonly #splitter: FrameSplitter;
  /** So long without a picture means that the source is lost. */
  readonly #patienceMs: number;
  #watchdog: NodeJS.Timeout;
  #pictures = 0;
  /** Frames since the last picture that were none, and what was wrong with the newest of them. */
  #refused: { readonly count: number; readonly reason: string } | undefined;
  #looking: Promise<void> | undefined;
  /** Why it was ended from this side; undefined while it was not. */
  #verdict: 'stopped' | 'silent' | SplitError | undefined;

  constructor(parts: PlayParts, start: StartOutput) {
    this.#parts = parts;
    const { mode, buffers, stallTimeoutMs, fps } = parts;
    const gapMs = fps === undefined ? 0 : 1000 / fps;
    this.#patienceMs = Math.min(stallTimeoutMs + gapMs, maxTimerMs);
    this.#splitter =
      mode === 'copy'
        ? new FrameSplitter(readPartHead, (_, body) => this.#jpeg(body))
        : new FrameSplitter(
            readPpmHead,
            (head, body) => this.#rgb(head, body),
            (bytes) => buffers.take(bytes),
          );
    this.#output = start((chunk) => this.#read(chunk));
    this.#watchdog = setTimeout(() => this.#end('silent'), firstPictureFactor * stallTimeoutMs);
    this.ended = this.#output.ended.then(async (end) => {
      await this.#looking;
      clearTimeout(this.#watchdog);
      return { ...this.#outcome(end), pictures: this.#pictures };
    });
  }

  stop(): void {
    this.#end('stopped');
  }

  #outcome({ isClean, words }: OutputEnd): Omit<PlayEnd, 'pictures'> {
    const verdict = this.#verdict;
    if (verdict === 'stopped') return { type: 'stopped', words: { detail: 'stopped', healing: 'likely' } };
    if (verdict === 'silent') {
      const ms = this.#pictures === 0 ? firstPictureFactor * this.#parts.stallTimeoutMs : this.#patienceMs;
      const detail = this.#withRefused(`no picture for ${Math.round(ms / 100) / 10} s`);
      return { type: 'failed', words: { detail, healing: 'likely' } };
    }
    if (verdict !== undefined) return { type: 'failed', words: { detail: verdict.message, healing: 'rarely' } };
    if (this.#pictures === 0) return { type: 'failed', words: { ...words, detail: this.#withRefused(words.detail) } };
    return { type: isClean ? 'done' : 'failed', words };
  }

  /** A camera whose every frame is broken is not silent, and somebody must know what it sends. */
  #withRefused(detail: string): string {
    if (this.#refused === undefined) return detail;
    const { count, reason } = this.#refused;
    return `${detail}: ${count} ${count === 1 ? 'picture' : 'pictures'} came, none a whole JPEG: ${reason}`;
  }

  #end(verdict: 'stopped' | 'silent' | SplitError): void {
    this.#verdict ??= verdict;
    clearTimeout(this.#watchdog);
    this.#output.stop();
  }

  #read(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof SplitError)) throw error;
      this.#end(error);
    }
  }

  /** A gateway ends the session for a frame that is no JPEG, so a broken one must not leave. */
  #jpeg(body: Buffer): void {
    const repaired = repairJpeg(body);
    if (!repaired.ok) this.#refuse(repaired.reason);
    else if (repaired.repair === 'no EOI') this.#looking ??= this.#lookAt(repaired.bytes);
    else this.#take(repaired.bytes, repaired.repair);
  }

  /** Without its end a frame may be whole or half. While one is looked at the next ones are skipped. */
  async #lookAt(bytes: Buffer): Promise<void> {
    const isWhole = await this.#parts.lookAt(bytes);
    this.#looking = undefined;
    if (isWhole) this.#take(bytes, noEoi);
    else this.#refuse(noEoi);
  }

  #take(bytes: Buffer, repair: Repair | undefined): void {
    if (this.#verdict !== undefined) return;
    if (repair !== undefined) this.#parts.repaired(repair);
    this.#came({ kind: 'jpeg', bytes, atMs: performance.now() });
  }

  #refuse(reason: string): void {
    this.#refused = { count: (this.#refused?.count ?? 0) + 1, reason };
    this.#parts.broken();
    if (this.#refused.count === maxRefusedInARow) this.#parts.hopeless(reason);
  }

  #rgb({ size }: FrameHead, bytes: Buffer): void {
    if (size !== undefined) this.#came({ kind: 'rgb', bytes, ...size, atMs: performance.now() });
  }

  #came(picture: Picture): void {
    this.#pictures += 1;
    this.#refused = undefined;
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#end('silent'), this.#patienceMs);
    this.#parts.picture(picture);
  }
}
