/** Runs ffprobe once to find a source's format before it is played. Main thread. */

import { type ExitReason, exitReasonOf } from './exit-reason.ts';
import { type InputOptions, probeArguments } from './ffmpeg-arguments.ts';
import { FfmpegProcess } from './ffmpeg-process.ts';
import type { Size } from './frame-limits.ts';

/** A source's format. `size` is the displayed size, after rotation. */
export interface Format {
  readonly codec: string;
  readonly size: Size | undefined;
  /** Frames have to be rotated for display, so they cannot be passed through. */
  readonly isRotated: boolean;
  /** The duration of a recording; undefined for live sources, or if not declared. */
  readonly durationMs?: number;
}

export type ProbeEnd =
  | { readonly type: 'known'; readonly format: Format }
  | { readonly type: 'failed'; readonly reason: ExitReason }
  | { readonly type: 'stopped' };

/** ffprobe prints a few hundred bytes. */
const maxOutputLength = 65_536;

interface Stream {
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly side_data_list?: readonly { readonly rotation?: number | string }[];
  readonly tags?: { readonly rotate?: string };
}

export class Probe {
  readonly ended: Promise<ProbeEnd>;
  readonly #ffprobe: FfmpegProcess;
  #isStopped = false;
  #isTimedOut = false;

  constructor(input: InputOptions, timeoutMs: number) {
    const { source } = input;
    let output = '';
    this.#ffprobe = new FfmpegProcess('ffprobe', probeArguments({ ...input, stallTimeoutMs: timeoutMs }), (chunk) => {
      output = (output + chunk.toString('utf8')).slice(0, maxOutputLength);
    });
    const limit = setTimeout(() => {
      this.#isTimedOut = true;
      this.#ffprobe.stop();
    }, timeoutMs);
    this.ended = this.#ffprobe.ended.then((code) => {
      clearTimeout(limit);
      if (this.#isStopped) return { type: 'stopped' };
      if (this.#isTimedOut) return failed(`no frame within ${timeoutMs / 1000} s`, 'yes');
      const format = readFormat(output);
      if (code === 0 && format !== undefined) return { type: 'known', format };
      if (code === 0) return failed('no video stream found', 'limited');
      if (source.kind === 'device' && this.#ffprobe.lines.some((line) => /proper (pixel )?format/.test(line))) {
        return { type: 'known', format: { codec: 'rawvideo', size: undefined, isRotated: false } };
      }
      return { type: 'failed', reason: exitReasonOf(this.#ffprobe.lines, source, { program: 'ffprobe', code }) };
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#ffprobe.stop();
  }
}

function failed(detail: string, retryable: ExitReason['retryable']): ProbeEnd {
  return { type: 'failed', reason: { detail, retryable } };
}

interface FfprobeOutput {
  readonly streams?: readonly Stream[];
  /** Seconds, as text. */
  readonly format?: { readonly duration?: string };
}

/** @returns undefined if there is no video stream. */
function readFormat(text: string): Format | undefined {
  let parsed: FfprobeOutput;
  try {
    parsed = JSON.parse(text) as FfprobeOutput;
  } catch {
    return undefined;
  }
  const stream = parsed.streams?.[0];
  if (typeof stream?.codec_name !== 'string') return undefined;
  const { width = 0, height = 0 } = stream;
  const turn = Number(
    stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? stream.tags?.rotate,
  );
  const degrees = Number.isFinite(turn) ? Math.abs(turn) % 360 : 0;
  const isSideways = degrees === 90 || degrees === 270;
  const upright = isSideways ? { width: height, height: width } : { width, height };
  const durationMs = Number(parsed.format?.duration) * 1000;
  return {
    codec: stream.codec_name,
    size: width > 0 && height > 0 ? upright : undefined,
    isRotated: degrees !== 0,
    ...(durationMs > 0 ? { durationMs } : {}),
  };
}
