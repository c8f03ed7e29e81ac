/** A camera that gives one JPEG a request: asks for the next one when it is due. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import { maxJpegBytes, writePart } from './frame-splitter.ts';
import { type Body, readJpeg } from './http-body.ts';
import type { HttpGetter } from './http-getter.ts';
import { wordsOfError } from './http-words.ts';
import type { LastWords } from './last-words.ts';
import type { Output, OutputEnd, StartOutput } from './output.ts';

/** Where nobody asks for a rate: cameras take a picture for each request, and some take half a second for it. */
export const defaultSnapshotFps = 2;
/** A whole answer takes no longer; where `--stall-timeout` is longer, that counts. */
const maxAnswerMs = 10_000;
export const maxSnapshotBytes = maxJpegBytes;

export interface SnapshotParts {
  readonly getter: HttpGetter;
  /** The picture that is there already. */
  readonly first: Buffer;
  readonly fps: number;
  readonly stallTimeoutMs: number;
}

type Snapshot =
  | { readonly type: 'jpeg'; readonly bytes: Buffer }
  | { readonly type: 'failed'; readonly words: LastWords };

/** Gives a camera's pictures as parts of MIME, as ffmpeg's `mpjpeg` does; whatever goes wrong is its end. */
export function playSnapshots(parts: SnapshotParts): StartOutput {
  return (chunk) => new Snapshots(parts, chunk);
}

class Snapshots implements Output {
  readonly ended: Promise<OutputEnd>;
  readonly #parts: SnapshotParts;
  readonly #chunk: (bytes: Buffer) => void;
  readonly #stop = new AbortController();

  constructor(parts: SnapshotParts, chunk: (bytes: Buffer) => void) {
    this.#parts = parts;
    this.#chunk = chunk;
    this.ended = this.#run().finally(() => parts.getter.close());
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<OutputEnd> {
    const gapMs = 1000 / this.#parts.fps;
    const { signal } = this.#stop;
    let snapshot: Snapshot = { type: 'jpeg', bytes: this.#parts.first };
    let askAtMs = performance.now();
    // Whoever started this has to have it before its first picture comes.
    await Promise.resolve();
    while (snapshot.type === 'jpeg' && !signal.aborted) {
      this.#chunk(writePart(snapshot.bytes));
      askAtMs = Math.max(askAtMs + gapMs, performance.now());
      await sleep(askAtMs - performance.now(), undefined, { signal }).catch(() => undefined);
      snapshot = await this.#next();
    }
    return { isClean: false, words: snapshot.type === 'failed' ? snapshot.words : stoppedWords };
  }

  async #next(): Promise<Snapshot> {
    const timeoutMs = Math.max(maxAnswerMs, this.#parts.stallTimeoutMs);
    const timeout = AbortSignal.timeout(timeoutMs);
    const got = await this.#parts.getter.get(AbortSignal.any([this.#stop.signal, timeout]));
    const late = failed(`no whole answer within ${timeoutMs / 1000} s`, 'likely');
    if (got.type !== 'answer') return timeout.aborted ? late : { type: 'failed', words: got.words };
    const body = await readJpeg(got.response, maxSnapshotBytes, true);
    if (body.type === 'whole') return { type: 'jpeg', bytes: body.bytes };
    return body.type === 'cut' && timeout.aborted ? late : { type: 'failed', words: wordsOfBody(body) };
  }
}

const stoppedWords: LastWords = { detail: 'stopped', healing: 'likely' };

function wordsOfBody(body: Exclude<Body, { type: 'whole' }>): LastWords {
  switch (body.type) {
    case 'cut':
      return wordsOfError(body.error);
    case 'too large':
      return { detail: `a picture of more than ${maxSnapshotBytes / 1_048_576} MB`, healing: 'rarely' };
    default:
      return { detail: 'the answer is no JPEG', healing: 'rarely' };
  }
}

function failed(detail: string, healing: LastWords['healing']): Snapshot {
  return { type: 'failed', words: { detail, healing } };
}
