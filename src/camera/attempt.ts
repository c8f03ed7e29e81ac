/** One attempt to play a source: probes its format, then plays it until it ends. Main thread. */

import { readJpegHeader } from '../jpeg/header.ts';
import type { CapturedFrame, FrameBuffers } from './captured-frame.ts';
import type { Inspect } from './encoder.ts';
import type { ExitReason } from './exit-reason.ts';
import type { CaptureOptions, FfmpegVersion, InputOptions, Mode } from './ffmpeg-arguments.ts';
import { FfmpegSession, type FfmpegSessionEnd, firstFrameTimeoutFactor } from './ffmpeg-session.ts';
import { canPassThrough, type Size, sizeError } from './frame-limits.ts';
import type { HttpGetter } from './http-getter.ts';
import { HttpProbe } from './http-probe.ts';
import { decodeWithFfmpeg, playWithFfmpeg, type StartOutput } from './output.ts';
import { type Format, Probe } from './probe.ts';
import type { Repair } from './repair.ts';
import { defaultSnapshotFps, playSnapshots } from './snapshots.ts';
import type { Source } from './source.ts';

export interface AttemptOptions {
  readonly source: Source;
  readonly capture: CaptureOptions;
  readonly version: FfmpegVersion;
  /** Never pass JPEGs through: a width or quality is set, or the gateway rejected the camera's JPEGs. */
  readonly isEncoded: boolean;
  /** A source without a frame for this long is lost. */
  readonly stallTimeoutMs: number;
  readonly buffers: FrameBuffers;
  /** The first frame has arrived. `keepsRate`: frames already arrive at the requested rate, so none have to be skipped. */
  readonly onLive: (mode: Mode, keepsRate: boolean) => void;
  readonly onFrame: (frame: CapturedFrame) => void;
  readonly onInvalidFrame: () => void;
  readonly inspect: Inspect;
  readonly onRepair: (repair: Repair) => void;
  readonly onUndecodable: (reason: string) => void;
}

export interface AttemptEnd {
  readonly type: FfmpegSessionEnd['type'];
  readonly reason: ExitReason;
  readonly frames: number;
  /** A recording over HTTP that was played to the end. */
  readonly isComplete?: boolean;
}

/** A recording may end this much before its declared duration. One that ends earlier was cut. */
const earlyEndMs = 1000;
const earlyEndFraction = 0.1;

export const stoppedReason: ExitReason = { detail: 'stopped', retryable: 'yes' };

export class Attempt {
  /** Never rejects. */
  readonly ended: Promise<AttemptEnd>;
  readonly #options: AttemptOptions;
  #current: { stop(): void } | undefined;
  #isStopped = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.ended = this.#run();
  }

  /** Stops the current probe or session; `ended` settles after it has ended. */
  stop(): void {
    this.#isStopped = true;
    this.#current?.stop();
  }

  async #run(): Promise<AttemptEnd> {
    const { source } = this.#options;
    if (source.kind !== 'http') return await this.#playStream(false);
    const probe = new HttpProbe(source.text, this.#frameTimeoutMs);
    this.#current = probe;
    const end = await probe.ended;
    switch (end.type) {
      case 'stopped':
        return stoppedEnd;
      case 'failed':
        return { ...end, frames: 0 };
      case 'snapshots':
        return await this.#playSnapshots(end.getter, end.first);
      default:
        return await this.#playStream(end.type === 'jpegs');
    }
  }

  /** A source may take longer to start than it may stall later. */
  get #frameTimeoutMs(): number {
    return firstFrameTimeoutFactor * this.#options.stallTimeoutMs;
  }

  async #playStream(isJpegs: boolean): Promise<AttemptEnd> {
    if (this.#isStopped) return stoppedEnd;
    const { source, capture, version, stallTimeoutMs } = this.#options;
    const input = { source, capture, version, stallTimeoutMs, isJpegs };
    const probe = new Probe(input, this.#frameTimeoutMs);
    this.#current = probe;
    const end = await probe.ended;
    if (end.type === 'stopped' || this.#isStopped) return stoppedEnd;
    if (end.type === 'failed') return { ...end, frames: 0 };
    return await this.#playFormat(input, end.format);
  }

  async #playFormat(input: InputOptions, format: Format): Promise<AttemptEnd> {
    const isJpeg = format.codec === 'mjpeg';
    const isHttp = input.source.kind === 'http';
    const mode = isJpeg && !format.isRotated ? this.#modeForJpegs(format.size) : 'pictures';
    const error = mode === 'pictures' ? sizeError(format.size) : undefined;
    if (error !== undefined) return failedEnd(error);
    const isRecording = isHttp && format.durationMs !== undefined;
    const hasNoTimestamps = isHttp && isJpeg && !isRecording;
    // ffmpeg accepts only `image/jpeg` multipart parts. For other types it reports no size; read as bare JPEGs, all of them work.
    const isJpegs = input.isJpegs || (isHttp && isJpeg && format.size === undefined);
    const startMs = performance.now();
    const playback = {
      ...input,
      isJpegs,
      mode,
      deviceHasJpeg: isJpeg,
      isRecording,
      hasNoTimestamps,
      size: format.size,
    } as const;
    // When ffmpeg decodes, it skips frames above the requested rate itself.
    const fps = mode === 'pictures' ? input.capture.fps : undefined;
    const end = await this.#play(mode, fps, playWithFfmpeg(playback));
    const missingMs = (format.durationMs ?? Number.POSITIVE_INFINITY) - (performance.now() - startMs);
    const isComplete = missingMs <= Math.max(earlyEndMs, earlyEndFraction * (format.durationMs ?? 0));
    return { ...end, isComplete: isRecording && end.type === 'done' && isComplete };
  }

  async #playSnapshots(getter: HttpGetter, first: Buffer): Promise<AttemptEnd> {
    if (this.#isStopped) {
      getter.close();
      return stoppedEnd;
    }
    const { source, capture, version, stallTimeoutMs } = this.#options;
    const read = readJpegHeader(first);
    const size = read.ok ? read.header : undefined;
    const mode = this.#modeForJpegs(size);
    const error = mode === 'pictures' ? sizeError(size) : undefined;
    if (error !== undefined) {
      getter.close();
      return failedEnd(error);
    }
    const fps = capture.fps ?? defaultSnapshotFps;
    const snapshots = playSnapshots({ getter, first, fps, stallTimeoutMs });
    if (mode === 'copy') return await this.#play(mode, fps, snapshots);
    const playback = { source, capture, version, stallTimeoutMs, mode, size };
    return await this.#play(mode, fps, decodeWithFfmpeg(snapshots, playback));
  }

  #modeForJpegs(size: Size | undefined): Mode {
    return this.#options.isEncoded || !canPassThrough(size) ? 'pictures' : 'copy';
  }

  /** @param fps the rate that `start` keeps itself. */
  async #play(mode: Mode, fps: number | undefined, start: StartOutput): Promise<AttemptEnd> {
    const { stallTimeoutMs, buffers, onInvalidFrame, inspect, onRepair, onUndecodable, onLive, onFrame } =
      this.#options;
    let isFirst = true;
    const session = new FfmpegSession(
      {
        ...{ mode, stallTimeoutMs, buffers, onInvalidFrame, inspect, onRepair, onUndecodable, fps },
        onFrame: (frame) => {
          if (this.#isStopped) return;
          if (isFirst) onLive(mode, fps !== undefined);
          isFirst = false;
          onFrame(frame);
        },
      },
      start,
    );
    this.#current = session;
    return await session.ended;
  }
}

const stoppedEnd: AttemptEnd = { type: 'stopped', reason: stoppedReason, frames: 0 };

function failedEnd(detail: string): AttemptEnd {
  return { type: 'failed', reason: { detail, retryable: 'limited' }, frames: 0 };
}
