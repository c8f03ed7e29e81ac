/** The recently recognized texts; a text that stays in view is listed once. Pure: time is an argument. */

export interface Recognition {
  readonly id: number;
  readonly text: string;
  readonly label: string;
  /** Best confidence so far, 0 to 1. */
  readonly score: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** Outcome of adding a text: `new` and `better` need a new crop, `seen` and `ignored` do not. */
export type LogUpdate =
  | { readonly type: 'new' | 'better'; readonly recognition: Recognition }
  | { readonly type: 'seen' | 'ignored' };

export const maxLogEntries = 10;
/** Texts with a lower confidence are guesses that change from frame to frame. */
export const minScore = 0.5;
/** A text that reappears after this time is a new sighting. */
const sightingTimeoutMs = 4000;
/** A crop is replaced only if the score improves by this much; otherwise it would flicker. */
const minImprovement = 0.05;

export class TextLog {
  /** Newest first. */
  #recognitions: Recognition[] = [];
  #count = 0;

  get recognitions(): readonly Recognition[] {
    return this.#recognitions;
  }

  add({ text, label, score }: Pick<Recognition, 'text' | 'label' | 'score'>, nowMs: number): LogUpdate {
    if (text.trim() === '' || !(score >= minScore)) return { type: 'ignored' };
    const index = this.#recognitions.findIndex(
      (recognition) => recognition.text === text && nowMs - recognition.lastSeenMs <= sightingTimeoutMs,
    );
    const known = this.#recognitions[index];
    if (known === undefined) {
      const recognition = { id: this.#count++, text, label, score, firstSeenMs: nowMs, lastSeenMs: nowMs };
      this.#recognitions = [recognition, ...this.#recognitions].slice(0, maxLogEntries);
      return { type: 'new', recognition };
    }
    const isBetter = score >= known.score + minImprovement;
    const recognition = { ...known, label, score: Math.max(score, known.score), lastSeenMs: nowMs };
    this.#recognitions = this.#recognitions.with(index, recognition);
    return isBetter ? { type: 'better', recognition } : { type: 'seen' };
  }
}
