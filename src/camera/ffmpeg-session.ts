/** Runs one output, normally ffmpeg, from start to end: splits its bytes into frames and watches for stalls. Main thread. */

import { noEoi } from '../jpeg/header.ts';
import type { CapturedFrame, FrameBuffers } from './captured-frame.ts';
import type { Inspect } from './encoder.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Mode } from './ffmpeg-arguments.ts';
import { type FrameHeader, FrameSplitter, readPartHeader, readPpmHeader, SplitError } from './frame-splitter.ts';
import type { Output, OutputEnd, StartOutput } from './output.ts';
import { type Repair, repairJpeg } from './repair.ts';

export interface FfmpegSessionEnd {
  /** `done` is an end without an error, such as the end of a file. */
  readonly type: 'done' | 'failed' | 'stopped';
  readonly reason: ExitReason;
  readonly frames: number;
}

export interface FfmpegSessionOptions {
  readonly mode: Mode;
  /** A source without a frame for this long is lost. */
  readonly stallTimeoutMs: number;
  /** The rate that the output itself keeps: at a low rate, frames are far apart. */
  readonly fps?: number | undefined;
  readonly buffers: FrameBuffers;
  readonly onFrame: (frame: CapturedFrame) => void;
  /** The camera sent an incomplete JPEG, for example half of one because of a bad cable. */
  readonly onInvalidFrame: () => void;
  readonly inspect: Inspect;
  /** An invalid frame was repaired. */
  readonly onRepair: (repair: Repair) => void;
  /** Many consecutive frames were invalid, so the source has to be decoded by ffmpeg. */
  readonly onUndecodable: (reason: string) => void;
}

/** The first frame may take longer than later ones: H.264 cannot be decoded before the next key frame. */
export const firstFrameTimeoutFactor = 2;
/** This many consecutive invalid frames are a property of the camera, not a temporary problem. */
const maxInvalidInARow = 30;
/** The longest delay of a Node timer. */
const maxTimerMs = 2 ** 31 - 1;

export class FfmpegSession {
  readonly ended: Promise<FfmpegSessionEnd>;
  readonly #options: FfmpegSessionOptions;
  readonly #output: Output;
  readonly #splitter: FrameSplitter;
  /** A source without a frame for this long is lost. */
  readonly #frameTimeoutMs: number;
  #watchdog: NodeJS.Timeout;
  #frames = 0;
  /** Invalid frames since the last valid one, and what was wrong with the newest of them. */
  #invalid: { readonly count: number; readonly reason: string } | undefined;
  #inspecting: Promise<void> | undefined;
  /** Why the session was stopped from this side; undefined while it was not. */
  #stopCause: 'stopped' | 'stalled' | SplitError | undefined;

  constructor(options: FfmpegSessionOptions, start: StartOutput) {
    this.#options = options;
    const { mode, buffers, stallTimeoutMs, fps } = options;
    const gapMs = fps === undefined ? 0 : 1000 / fps;
    this.#frameTimeoutMs = Math.min(stallTimeoutMs + gapMs, maxTimerMs);
    this.#splitter =
      mode === 'copy'
        ? new FrameSplitter(readPartHeader, (_, body) => this.#onJpeg(body))
        : new FrameSplitter(
            readPpmHeader,
            (header, body) => this.#onRgb(header, body),
            (bytes) => buffers.take(bytes),
          );
    this.#output = start((chunk) => this.#onChunk(chunk));
    this.#watchdog = setTimeout(() => this.#end('stalled'), firstFrameTimeoutFactor * stallTimeoutMs);
    this.ended = this.#output.ended.then(async (end) => {
      await this.#inspecting;
      clearTimeout(this.#watchdog);
      return { ...this.#outcome(end), frames: this.#frames };
    });
  }

  stop(): void {
    this.#end('stopped');
  }

  #outcome({ isClean, reason }: OutputEnd): Omit<FfmpegSessionEnd, 'frames'> {
    const cause = this.#stopCause;
    if (cause === 'stopped') return { type: 'stopped', reason: { detail: 'stopped', retryable: 'yes' } };
    if (cause === 'stalled') {
      const ms = this.#frames === 0 ? firstFrameTimeoutFactor * this.#options.stallTimeoutMs : this.#frameTimeoutMs;
      const detail = this.#withInvalidCount(`no frame for ${Math.round(ms / 100) / 10} s`);
      return { type: 'failed', reason: { detail, retryable: 'yes' } };
    }
    if (cause !== undefined) return { type: 'failed', reason: { detail: cause.message, retryable: 'limited' } };
    if (this.#frames === 0) {
      return { type: 'failed', reason: { ...reason, detail: this.#withInvalidCount(reason.detail) } };
    }
    return { type: isClean ? 'done' : 'failed', reason };
  }

  /** Says what a camera sent of which every frame was invalid. */
  #withInvalidCount(detail: string): string {
    if (this.#invalid === undefined) return detail;
    const { count, reason } = this.#invalid;
    return `${detail}: received ${count} ${count === 1 ? 'frame' : 'frames'}, none a complete JPEG: ${reason}`;
  }

  #end(cause: 'stopped' | 'stalled' | SplitError): void {
    this.#stopCause ??= cause;
    clearTimeout(this.#watchdog);
    this.#output.stop();
  }

  #onChunk(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof SplitError)) throw error;
      this.#end(error);
    }
  }

  /** The gateway ends the session when it receives an invalid JPEG, so incomplete frames must not be sent. */
  #onJpeg(body: Buffer): void {
    const repaired = repairJpeg(body);
    if (!repaired.ok) this.#rejectFrame(repaired.reason);
    else if (repaired.repair === 'no EOI') this.#inspecting ??= this.#inspect(repaired.bytes);
    else this.#deliver(repaired.bytes, repaired.repair);
  }

  /** A frame without EOI may be complete or cut. Frames that arrive during the inspection are skipped. */
  async #inspect(bytes: Buffer): Promise<void> {
    const isComplete = await this.#options.inspect(bytes);
    this.#inspecting = undefined;
    if (isComplete) this.#deliver(bytes, noEoi);
    else this.#rejectFrame(noEoi);
  }

  #deliver(bytes: Buffer, repair: Repair | undefined): void {
    if (this.#stopCause !== undefined) return;
    if (repair !== undefined) this.#options.onRepair(repair);
    this.#onFrame({ kind: 'jpeg', bytes, atMs: performance.now() });
  }

  #rejectFrame(reason: string): void {
    this.#invalid = { count: (this.#invalid?.count ?? 0) + 1, reason };
    this.#options.onInvalidFrame();
    if (this.#invalid.count === maxInvalidInARow) this.#options.onUndecodable(reason);
  }

  #onRgb({ size }: FrameHeader, bytes: Buffer): void {
    if (size !== undefined) this.#onFrame({ kind: 'rgb', bytes, ...size, atMs: performance.now() });
  }

  #onFrame(frame: CapturedFrame): void {
    this.#frames += 1;
    this.#invalid = undefined;
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#end('stalled'), this.#frameTimeoutMs);
    this.#options.onFrame(frame);
  }
}
