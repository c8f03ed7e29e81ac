/** Plays a source once: ffmpeg from its start to its end, its pictures as they come, and a watch over its silence. Main thread. */
import { readJpegHeader } from '../jpeg/header.ts';
import { Child } from './child.ts';
import { type Playing, playArguments } from './ffmpeg-arguments.ts';
import { type FrameHead, FrameSplitter, readPartHead, readPpmHead, SplitError } from './frame-splitter.ts';
import { withHuffmanTables } from './huffman-tables.ts';
import { type LastWords, lastWordsOf } from './last-words.ts';
import type { Picture, PictureBuffers } from './picture.ts';

export interface PlayEnd {
  /** `done` is an end without a fault: a file that was played. */
  readonly type: 'done' | 'failed' | 'stopped';
  readonly words: LastWords;
  readonly pictures: number;
}

export interface PlayParts extends Playing {
  readonly buffers: PictureBuffers;
  readonly picture: (picture: Picture) => void;
  /** A frame of the camera that is no whole JPEG: half of one, as a bad cable gives. */
  readonly broken: () => void;
}

/** The first picture may take longer than a next one: an H.264 camera shows nothing before its next key frame. */
const firstPictureFactor = 2;
/** Timers go no further: a rate of a picture a month. */
const longestTimerMs = 2 ** 31 - 1;

export class Play {
  readonly ended: Promise<PlayEnd>;
  readonly #parts: PlayParts;
  readonly #child: Child;
  readonly #splitter: FrameSplitter;
  /** So long without a picture means that the source is lost. */
  readonly #patienceMs: number;
  #watchdog: NodeJS.Timeout;
  #pictures = 0;
  /** Why it was ended from this side; undefined while it was not. */
  #verdict: 'stopped' | 'silent' | SplitError | undefined;

  constructor(parts: PlayParts) {
    this.#parts = parts;
    const { mode, buffers, silenceMs, source, wishes } = parts;
    // ffmpeg itself leaves out what is above the rate, and two pictures of a low one are far apart.
    const gapMs = mode === 'pictures' && wishes.fps !== undefined ? 1000 / wishes.fps : 0;
    this.#patienceMs = Math.min(silenceMs + gapMs, longestTimerMs);
    this.#splitter =
      mode === 'copy'
        ? new FrameSplitter(readPartHead, (_, body) => this.#jpeg(body))
        : new FrameSplitter(
            readPpmHead,
            (head, body) => this.#rgb(head, body),
            (bytes) => buffers.take(bytes),
          );
    this.#child = new Child('ffmpeg', playArguments(parts), (chunk) => this.#read(chunk));
    this.#watchdog = setTimeout(() => this.#end('silent'), firstPictureFactor * silenceMs);
    this.ended = this.#child.ended.then((code) => {
      clearTimeout(this.#watchdog);
      return { ...this.#outcome(code, source), pictures: this.#pictures };
    });
  }

  stop(): void {
    this.#end('stopped');
  }

  #outcome(code: number | undefined, source: Playing['source']): Omit<PlayEnd, 'pictures'> {
    const verdict = this.#verdict;
    if (verdict === 'stopped') return { type: 'stopped', words: { detail: 'stopped', healing: 'likely' } };
    if (verdict === 'silent') {
      const ms = this.#pictures === 0 ? firstPictureFactor * this.#parts.silenceMs : this.#patienceMs;
      return { type: 'failed', words: { detail: `no picture for ${Math.round(ms / 100) / 10} s`, healing: 'likely' } };
    }
    if (verdict !== undefined) return { type: 'failed', words: { detail: verdict.message, healing: 'rarely' } };
    const words = lastWordsOf(this.#child.lines, source);
    return { type: code === 0 && this.#pictures > 0 ? 'done' : 'failed', words };
  }

  #end(verdict: 'stopped' | 'silent' | SplitError): void {
    this.#verdict ??= verdict;
    clearTimeout(this.#watchdog);
    this.#child.stop();
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
    const read = readJpegHeader(body);
    if (!read.ok) this.#parts.broken();
    else this.#came({ kind: 'jpeg', bytes: withHuffmanTables(body, read.header), atMs: performance.now() });
  }

  #rgb({ size }: FrameHead, bytes: Buffer): void {
    if (size !== undefined) this.#came({ kind: 'rgb', bytes, ...size, atMs: performance.now() });
  }

  #came(picture: Picture): void {
    this.#pictures += 1;
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#end('silent'), this.#patienceMs);
    this.#parts.picture(picture);
  }
}
