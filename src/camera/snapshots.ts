/** Polls a camera that returns one JPEG per request. Main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitReason } from './exit-reason.ts';
import { maxJpegBytes, writePart } from './frame-splitter.ts';
import { type Body, readJpeg } from './http-body.ts';
import { errorReason } from './http-errors.ts';
import type { HttpGetter } from './http-getter.ts';
import type { Output, OutputEnd, StartOutput } from './output.ts';

/** The default polling rate: cameras capture an image per request, and some need half a second for it. */
export const defaultSnapshotFps = 2;
/** Timeout for a complete response; a longer `--stall-timeout` takes precedence. */
const maxResponseMs = 10_000;
export const maxSnapshotBytes = maxJpegBytes;

export interface SnapshotOptions {
  readonly getter: HttpGetter;
  /** The image that the probe has already received. */
  readonly first: Buffer;
  readonly fps: number;
  readonly stallTimeoutMs: number;
}

type Snapshot =
  | { readonly type: 'jpeg'; readonly bytes: Buffer }
  | { readonly type: 'failed'; readonly reason: ExitReason };

/** Outputs a camera's images as multipart JPEGs, like ffmpeg's `mpjpeg`; ends on the first error. */
export function playSnapshots(options: SnapshotOptions): StartOutput {
  return (chunk) => new Snapshots(options, chunk);
}

class Snapshots implements Output {
  readonly ended: Promise<OutputEnd>;
  readonly #options: SnapshotOptions;
  readonly #chunk: (bytes: Buffer) => void;
  readonly #stop = new AbortController();

  constructor(options: SnapshotOptions, chunk: (bytes: Buffer) => void) {
    this.#options = options;
    this.#chunk = chunk;
    this.ended = this.#run().finally(() => options.getter.close());
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<OutputEnd> {
    const gapMs = 1000 / this.#options.fps;
    const { signal } = this.#stop;
    let snapshot: Snapshot = { type: 'jpeg', bytes: this.#options.first };
    let requestAtMs = performance.now();
    // The caller needs the returned object before the first image arrives.
    await Promise.resolve();
    while (snapshot.type === 'jpeg' && !signal.aborted) {
      this.#chunk(writePart(snapshot.bytes));
      requestAtMs = Math.max(requestAtMs + gapMs, performance.now());
      await sleep(requestAtMs - performance.now(), undefined, { signal }).catch(() => undefined);
      snapshot = await this.#next();
    }
    return { isClean: false, reason: snapshot.type === 'failed' ? snapshot.reason : stoppedReason };
  }

  async #next(): Promise<Snapshot> {
    const timeoutMs = Math.max(maxResponseMs, this.#options.stallTimeoutMs);
    const timeout = AbortSignal.timeout(timeoutMs);
    const got = await this.#options.getter.get(AbortSignal.any([this.#stop.signal, timeout]));
    const timedOut = failed(`no complete response within ${timeoutMs / 1000} s`, 'yes');
    if (got.type !== 'response') return timeout.aborted ? timedOut : { type: 'failed', reason: got.reason };
    const body = await readJpeg(got.response, maxSnapshotBytes, true);
    if (body.type === 'complete') return { type: 'jpeg', bytes: body.bytes };
    return body.type === 'truncated' && timeout.aborted ? timedOut : { type: 'failed', reason: bodyReason(body) };
  }
}

const stoppedReason: ExitReason = { detail: 'stopped', retryable: 'yes' };

function bodyReason(body: Exclude<Body, { type: 'complete' }>): ExitReason {
  switch (body.type) {
    case 'truncated':
      return errorReason(body.error);
    case 'too large':
      return { detail: `image is larger than ${maxSnapshotBytes / 1_048_576} MB`, retryable: 'limited' };
    default:
      return { detail: 'the response is not a JPEG', retryable: 'limited' };
  }
}

function failed(detail: string, retryable: ExitReason['retryable']): Snapshot {
  return { type: 'failed', reason: { detail, retryable } };
}
