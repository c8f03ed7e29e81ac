/** The last texts that were read, each once for as long as it is in sight. Pure: time comes in. */

export interface Reading {
  readonly id: number;
  readonly text: string;
  readonly label: string;
  /** Confidence in the text, 0 to 1: the best so far. */
  readonly score: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** What became of a text: it is new and wants a crop, was read better than before and wants a better one, or neither. */
export type Verdict =
  | { readonly type: 'new' | 'better'; readonly reading: Reading }
  | { readonly type: 'seen' | 'unsure' };

export const maxLogEntries = 10;
/** A reader that is less sure is guessing: it says so itself, and its guesses change from frame to frame. */
export const minScore = 0.5;
/** A text that comes back after so long is another sighting. */
const inSightMs = 4000;
/** A crop is only replaced for a reading that is clearly better, or it would flicker. */
const clearlyBetter = 0.05;

export class TextLog {
  /** Newest sighting first. */
  #readings: Reading[] = [];
  #count = 0;

  get readings(): readonly Reading[] {
    return this.#readings;
  }

  add({ text, label, score }: Pick<Reading, 'text' | 'label' | 'score'>, nowMs: number): Verdict {
    if (text.trim() === '' || !(score >= minScore)) return { type: 'unsure' };
    const index = this.#readings.findIndex(
      (reading) => reading.text === text && nowMs - reading.lastSeenMs <= inSightMs,
    );
    const known = this.#readings[index];
    if (known === undefined) {
      const reading = { id: this.#count++, text, label, score, firstSeenMs: nowMs, lastSeenMs: nowMs };
      this.#readings = [reading, ...this.#readings].slice(0, maxLogEntries);
      return { type: 'new', reading };
    }
    const isBetter = score >= known.score + clearlyBetter;
    const reading = { ...known, label, score: Math.max(score, known.score), lastSeenMs: nowMs };
    this.#readings = this.#readings.with(index, reading);
    return isBetter ? { type: 'better', reading } : { type: 'seen' };
  }
}
