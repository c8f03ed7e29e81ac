/** Keeps one source playing: finds out what it gives, plays it, and starts again when it was cut. Main thread. */
import { Attempt, type AttemptEnd, type AttemptParts, stopped } from './attempt.ts';
import type { Mode } from './ffmpeg-arguments.ts';
import { isLive } from './source.ts';

export type FeedState =
  | { readonly state: 'opening' }
  | { readonly state: 'live'; readonly mode: Mode; readonly keepsRate: boolean }
  | { readonly state: 'waiting'; readonly detail: string; readonly retryInMs: number };

export interface FeedParts extends Omit<AttemptParts, 'live' | 'repaired' | 'hopeless'> {
  readonly reconnects: boolean;
  readonly changed: (state: FeedState) => void;
  /** No picture from before this may be used any more. */
  readonly cut: () => void;
  /** What had to be done to the camera's JPEGs; each kind is told once. */
  readonly repaired: (detail: string) => void;
}

export interface FeedEnd {
  /** `done`: played to its end, or stopped. */
  readonly type: 'done' | 'failed';
  readonly detail: string;
}

/** The first wait before a new attempt is about this long, and each further one doubles it, up to the longest. */
const minRetryMs = 500;
const maxRetryMs = 15_000;
/** A source that has never given a picture and seems to be no video gets so many attempts. */
const maxDoubtfulAttempts = 3;

export class Feed {
  readonly #parts: FeedParts;
  #attempt: Attempt | undefined;
  #wake: (() => void) | undefined;
  #isStopped = false;
  /** Attempts in a row without a picture. */
  #attempts = 0;
  #everGave = false;
  #isMadeAnew = false;
  readonly #told = new Set<string>();

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Plays until the source is over, is stopped, or trying again cannot help. Never rejects. */
  async run(): Promise<FeedEnd> {
    while (!this.#isStopped) {
      this.#parts.changed({ state: 'opening' });
      // The source is asked again each time: it may be another camera now, or the same set up anew.
      this.#attempt = this.#newAttempt();
      const attempt = await this.#attempt.ended;
      // A recording's last picture is as good as any other; a camera's is from before the cut.
      if (!attempt.isWhole && isLive(this.#parts.source)) this.#parts.cut();
      // Only for the sake of the next attempt, when `stop` was not called.
      if (attempt.type === 'stopped') continue;
      this.#everGave ||= attempt.pictures > 0;
      this.#attempts = attempt.pictures > 0 ? 0 : this.#attempts + 1;
      if (this.#isOver(attempt)) return endOf(attempt);
      await this.#pause(attempt.words.detail);
    }
    return stoppedEnd;
  }

  #newAttempt(): Attempt {
    return new Attempt({
      ...this.#parts,
      isEncoded: this.#parts.isEncoded || this.#isMadeAnew,
      live: (mode, keepsRate) => this.#parts.changed({ state: 'live', mode, keepsRate }),
      repaired: (repair) => this.#tell(`${repair} in its frames`),
      hopeless: (reason) => this.makeAnew(`its frames are no JPEG (${reason})`),
    });
  }

  /** Ends what runs; `run` settles when it is gone. */
  stop(): void {
    this.#isStopped = true;
    this.#attempt?.stop();
    this.#wake?.();
  }

  /** A live camera's own JPEGs do not do: from now on its pictures are decoded, and encoded here. */
  makeAnew(reason: string): void {
    if (this.#isMadeAnew || this.#parts.isEncoded || !isLive(this.#parts.source)) return;
    this.#isMadeAnew = true;
    this.#tell(`${reason}; its pictures are encoded anew`);
    this.#attempt?.stop();
  }

  #tell(detail: string): void {
    if (this.#told.has(detail)) return;
    this.#told.add(detail);
    this.#parts.repaired(detail);
  }

  #isOver(attempt: AttemptEnd): boolean {
    return attempt.isWhole === true || !this.#parts.reconnects || this.#isHopeless(attempt);
  }

  #isHopeless({ words }: AttemptEnd): boolean {
    switch (words.healing) {
      case 'never':
        return true;
      case 'rarely':
        return !this.#everGave && this.#attempts >= maxDoubtfulAttempts;
      case 'likely':
        return false;
    }
  }

  async #pause(detail: string): Promise<void> {
    const maxMs = Math.min(maxRetryMs, minRetryMs * 2 ** Math.max(0, this.#attempts - 1));
    // Bridges that lost the same camera or switch must not all come back at the same moment.
    const retryInMs = Math.round((maxMs * (1 + Math.random())) / 2);
    this.#parts.changed({ state: 'waiting', detail, retryInMs });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryInMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const stoppedEnd: FeedEnd = { type: 'done', detail: stopped.detail };

function endOf({ type, words }: AttemptEnd): FeedEnd {
  return type === 'done' ? { type: 'done', detail: 'played to its end' } : { type: 'failed', detail: words.detail };
}
