/** Asks ffprobe once what a source gives, before it is played. Main thread. */
import { Child } from './child.ts';
import { type Input, probeArguments } from './ffmpeg-arguments.ts';
import { type LastWords, lastWordsOf } from './last-words.ts';
import type { Size } from './picture-limits.ts';

/** What a source gives. `size` is the picture as it is shown, turned upright. */
export interface Format {
  readonly codec: string;
  readonly size: Size | undefined;
  /** The camera's pictures lie on their side: passing them on would leave them so. */
  readonly isTurned: boolean;
  /** A recording's length; undefined for what has no end, and where nobody says. */
  readonly durationMs?: number;
}

export type ProbeEnd =
  | { readonly type: 'known'; readonly format: Format }
  | { readonly type: 'failed'; readonly words: LastWords }
  | { readonly type: 'stopped' };

/** ffprobe's answer has some hundred bytes. */
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
  readonly #child: Child;
  #isStopped = false;
  #isLate = false;

  constructor(input: Input, limitMs: number) {
    const { source } = input;
    let answer = '';
    this.#child = new Child('ffprobe', probeArguments({ ...input, stallTimeoutMs: limitMs }), (chunk) => {
      answer = (answer + chunk.toString('utf8')).slice(0, maxOutputLength);
    });
    const limit = setTimeout(() => {
      this.#isLate = true;
      this.#child.stop();
    }, limitMs);
    this.ended = this.#child.ended.then((code) => {
      clearTimeout(limit);
      if (this.#isStopped) return { type: 'stopped' };
      if (this.#isLate) return failed(`no picture within ${limitMs / 1000} s`, 'likely');
      const format = readFormat(answer);
      if (code === 0 && format !== undefined) return { type: 'known', format };
      if (code === 0) return failed('there is no video in it', 'rarely');
      if (source.kind === 'device' && this.#child.lines.some((line) => /proper (pixel )?format/.test(line))) {
        return { type: 'known', format: { codec: 'rawvideo', size: undefined, isTurned: false } };
      }
      return { type: 'failed', words: lastWordsOf(this.#child.lines, source, { program: 'ffprobe', code }) };
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.stop();
  }
}

function failed(detail: string, healing: LastWords['healing']): ProbeEnd {
  return { type: 'failed', words: { detail, healing } };
}

interface Answer {
  readonly streams?: readonly Stream[];
  /** Seconds, as text. */
  readonly format?: { readonly duration?: string };
}

/** @returns undefined where there is no stream of pictures. */
function readFormat(text: string): Format | undefined {
  let answer: Answer;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
  const stream = answer.streams?.[0];
  if (typeof stream?.codec_name !== 'string') return undefined;
  const { width = 0, height = 0 } = stream;
  const turn = Number(
    stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? stream.tags?.rotate,
  );
  const degrees = Number.isFinite(turn) ? Math.abs(turn) % 360 : 0;
  const liesOnSide = degrees === 90 || degrees === 270;
  const upright = liesOnSide ? { width: height, height: width } : { width, height };
  const durationMs = Number(answer.format?.duration) * 1000;
  return {
    codec: stream.codec_name,
    size: width > 0 && height > 0 ? upright : undefined,
    isTurned: degrees !== 0,
    ...(durationMs > 0 ? { durationMs } : {}),
  };
}
