/** The recently recognized texts, each listed once per source. Pure: time is an argument. */

export interface Recognition {
  readonly id: number;
  readonly text: string;
  readonly label: string;
  /** Name of the source in whose frames it was recognized. */
  readonly source: string;
  /** Best confidence so far, 0 to 1; of a track, that of the last vote. */
  readonly score: number;
  /** The track whose text it is, in its session. Its text may change until it is settled. */
  readonly track?: TextTrack;
  /** Start of the latest sighting. */
  readonly sightedMs: number;
  readonly lastSeenMs: number;
}

export interface TextTrack {
  readonly session: number;
  readonly id: number;
  /** How many times its text was recognized, if the pipeline says so. */
  readonly reads?: number;
  readonly isSettled?: boolean;
}

/** The texts of one source. */
export interface TextGroup {
  readonly source: string;
  readonly recognitions: readonly Recognition[];
}

/** Outcome of adding a text: `new` and `better` need a new crop, `seen` and `ignored` do not. */
export type LogUpdate =
  | { readonly type: 'new' | 'better'; readonly recognition: Recognition }
  | { readonly type: 'seen' | 'ignored' };

/** A recognized text, before it is added. */
export type Reading = Pick<Recognition, 'text' | 'label' | 'source' | 'score' | 'track'>;

export const maxLogEntries = 10;
/** Texts with a lower confidence are guesses that change from frame to frame. */
export const minScore = 0.5;
/** A text that reappears after this time is a new sighting. */
const sightingTimeoutMs = 4000;
/** Texts seen within this time count as in view, and keep their order: a text may be missed in single frames. */
const inViewMs = 2000;
/** A crop is replaced only if the score improves by this much; otherwise it would flicker. */
const minImprovement = 0.05;

export class TextLog {
  #recognitions: Recognition[] = [];
  #count = 0;

  get recognitions(): readonly Recognition[] {
    return this.#recognitions;
  }

  /** The texts by source, those seen last first. */
  groups(nowMs: number): TextGroup[] {
    const groups = new Map<string, Recognition[]>();
    for (const recognition of this.#recognitions.toSorted((a, b) => compare(a, b, nowMs))) {
      const group = groups.get(recognition.source) ?? [];
      group.push(recognition);
      groups.set(recognition.source, group);
    }
    return [...groups].map(([source, recognitions]) => ({ source, recognitions }));
  }

  add(reading: Reading, nowMs: number): LogUpdate {
    const { text, source, score, track } = reading;
    if (text.trim() === '' || !(score >= minScore)) return { type: 'ignored' };
    const known = this.#known(reading);
    if (known === undefined) {
      const recognition = { ...reading, id: this.#count++, sightedMs: nowMs, lastSeenMs: nowMs };
      this.#recognitions.push(recognition);
      if (this.#recognitions.length > maxLogEntries) this.#removeOldest();
      return { type: 'new', recognition };
    }
    const isOther = text !== known.text;
    // A vote may become less sure, too.
    const best = track === undefined ? Math.max(score, known.score) : score;
    const recognition = {
      ...{ ...known, ...reading, score: best, lastSeenMs: nowMs },
      sightedMs: nowMs - known.lastSeenMs > sightingTimeoutMs ? nowMs : known.sightedMs,
    };
    // Another track may have had the text that this one has now.
    this.#recognitions = this.#recognitions.flatMap((each) => {
      if (each === known) return [recognition];
      return each.text === text && each.source === source ? [] : [each];
    });
    return isOther || score >= known.score + minImprovement ? { type: 'better', recognition } : { type: 'seen' };
  }

  /** The entry of the same track, or else of the same text. */
  #known({ text, source, track }: Reading): Recognition | undefined {
    const isSameTrack = (known: Recognition) =>
      track !== undefined && known.track?.id === track.id && known.track.session === track.session;
    const ofSource = this.#recognitions.filter((known) => known.source === source);
    return ofSource.find(isSameTrack) ?? ofSource.find((known) => known.text === text);
  }

  #removeOldest(): void {
    const oldest = this.#recognitions.reduce((a, b) => (b.lastSeenMs < a.lastSeenMs ? b : a));
    this.#recognitions = this.#recognitions.filter(({ id }) => id !== oldest.id);
  }
}

/** Newest first. */
function compare(a: Recognition, b: Recognition, nowMs: number): number {
  const seenMs = ({ lastSeenMs }: Recognition) => (nowMs - lastSeenMs < inViewMs ? nowMs : lastSeenMs);
  return seenMs(b) - seenMs(a) || b.sightedMs - a.sightedMs || b.id - a.id;
}
