/** Keeps one source playing: probes it, plays it, and retries with backoff after a failure. Main thread. */
import { Attempt, type AttemptEnd, type AttemptOptions, stoppedReason } from './attempt.ts';
import type { Mode } from './ffmpeg-arguments.ts';
import { isLive } from './source.ts';

export type SourceState =
  | { readonly state: 'opening' }
  | { readonly state: 'live'; readonly mode: Mode; readonly keepsRate: boolean }
  | { readonly state: 'waiting'; readonly detail: string; readonly retryInMs: number };

export interface SupervisorOptions extends Omit<AttemptOptions, 'onLive' | 'onRepair' | 'onUndecodable'> {
  readonly reconnects: boolean;
  readonly onStateChange: (state: SourceState) => void;
  /** Frames captured until now must not be sent any more. */
  readonly discardFrames: () => void;
  /** How the camera's JPEGs were repaired; called once per kind of repair. */
  readonly onRepair: (detail: string) => void;
}

export interface SourceEnd {
  /** `done`: played to the end, or stopped. */
  readonly type: 'done' | 'failed';
  readonly detail: string;
}

/** The first retry delay is about this long. It doubles with each failure, up to the maximum. */
const minRetryMs = 500;
const maxRetryMs = 15_000;
/** Attempts for a source that has never delivered a frame and does not look like a video. */
const maxUnrecognizedAttempts = 3;

export class SourceSupervisor {
  readonly #options: SupervisorOptions;
  #attempt: Attempt | undefined;
  #wake: (() => void) | undefined;
  #isStopped = false;
  /** Consecutive attempts without a frame. */
  #attempts = 0;
  #hasDelivered = false;
  #isReencoding = false;
  readonly #reported = new Set<string>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Plays until the source ends, is stopped, or a retry cannot help. Never rejects. */
  async run(): Promise<SourceEnd> {
    while (!this.#isStopped) {
      this.#options.onStateChange({ state: 'opening' });
      // Each attempt probes again: the camera may have been replaced or reconfigured.
      this.#attempt = this.#newAttempt();
      const attempt = await this.#attempt.ended;
      // The last frame of a recording is still valid; a camera's last frame predates the interruption.
      if (!attempt.isComplete && isLive(this.#options.source)) this.#options.discardFrames();
      // Without a call of `stop`, the attempt was stopped only to start the next one.
      if (attempt.type === 'stopped') continue;
      this.#hasDelivered ||= attempt.frames > 0;
      this.#attempts = attempt.frames > 0 ? 0 : this.#attempts + 1;
      if (this.#isOver(attempt)) return endOf(attempt);
      await this.#pause(attempt.reason.detail);
    }
    return stoppedEnd;
  }

  #newAttempt(): Attempt {
    return new Attempt({
      ...this.#options,
      isEncoded: this.#options.isEncoded || this.#isReencoding,
      onLive: (mode, keepsRate) => this.#options.onStateChange({ state: 'live', mode, keepsRate }),
      onRepair: (repair) => this.#reportOnce(`${repair} in its frames`),
      onUndecodable: (reason) => this.reencode(`its frames are not valid JPEGs (${reason})`),
    });
  }

  /** Ends the current attempt; `run` settles after it has ended. */
  stop(): void {
    this.#isStopped = true;
    this.#attempt?.stop();
    this.#wake?.();
  }

  /** A live camera's JPEGs cannot be passed through: from now on frames are decoded and encoded again here. */
  reencode(reason: string): void {
    if (this.#isReencoding || this.#options.isEncoded || !isLive(this.#options.source)) return;
    this.#isReencoding = true;
    this.#reportOnce(`${reason}; re-encoding frames`);
    this.#attempt?.stop();
  }

  #reportOnce(detail: string): void {
    if (this.#reported.has(detail)) return;
    this.#reported.add(detail);
    this.#options.onRepair(detail);
  }

  #isOver(attempt: AttemptEnd): boolean {
    return attempt.isComplete === true || !this.#options.reconnects || this.#isFatal(attempt);
  }

  #isFatal({ reason }: AttemptEnd): boolean {
    switch (reason.retryable) {
      case 'no':
        return true;
      case 'limited':
        return !this.#hasDelivered && this.#attempts >= maxUnrecognizedAttempts;
      case 'yes':
        return false;
    }
  }

  async #pause(detail: string): Promise<void> {
    const maxMs = Math.min(maxRetryMs, minRetryMs * 2 ** Math.max(0, this.#attempts - 1));
    // Jitter: bridges that lost the same camera or switch must not all retry at the same moment.
    const retryInMs = Math.round((maxMs * (1 + Math.random())) / 2);
    this.#options.onStateChange({ state: 'waiting', detail, retryInMs });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryInMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const stoppedEnd: SourceEnd = { type: 'done', detail: stoppedReason.detail };

function endOf({ type, reason }: AttemptEnd): SourceEnd {
  return type === 'done' ? { type: 'done', detail: 'played to its end' } : { type: 'failed', detail: reason.detail };
}
