/** Decides when the text of a track is read again, what it is by the vote of all reads, and when that is news. Worker threads. */
import { createHash } from 'node:crypto';
import type { Recognition, RecognizedCharacter } from '../models/ocr/ctc.ts';
import type { SceneEvent } from '../protocol.ts';
import type { Clock } from '../session-state.ts';
import { addRead, emptyNetwork, isLetterOrDigit, voteOf } from './confusion-network.ts';
import {
  columnsPerTrack,
  maxReported,
  maxTracks,
  packVotes,
  type ReportedText,
  type TrackReads,
  unpackTrack,
  type VotesState,
} from './votes-state.ts';

export interface VoteOptions {
  /** Type of the events. */
  readonly event: string;
  /** A text of at least this score, read at least three times, is settled. */
  readonly settledScore: number;
  /** A track that ends with an unsettled text is reported if the text has at least this score. */
  readonly minScore: number;
  /** Shortest time between two reads of a track whose text is not settled. */
  readonly intervalMs: number;
  /** After so many reads without a larger box, an unsettled track is read as rarely as a settled one. */
  readonly maxReads: number;
  /** Shortest time between two reads of a track whose text is settled. */
  readonly rereadMs: number;
  /** For so long after a track has ended, its text is not reported again. */
  readonly repeatMs: number;
}

/** How well the text of a box can be read. */
export interface View {
  /** Height of the text's box in pixels. */
  readonly height: number;
  /** Whether the box touches the edge of the frame, so part of the text is probably outside. */
  readonly isCut: boolean;
}

/** The vote of a track's reads. */
export interface TrackText {
  readonly text: string;
  /** Probability that the text is right. */
  readonly score: number;
  readonly reads: number;
  readonly isSettled: boolean;
}

interface LiveTrack {
  readonly track_id: number;
  readonly label: string;
}

/** As scores of detections on the wire. */
const scoreDigits = 4;

/** Two successive reads may share a post in front of the plate. A fourth one changed nothing on rendered tracks. */
const minSettledReads = 3;

/** A box that is higher by this factor is worth a read at once, and new patience: a plate that comes closer can be read in the end. */
const growth = 1.25;

/** Reads of lower boxes, in pixels, count less, with the square root of the height. */
const fullHeight = 24;
/** Of a box of which only the lower or the upper edge of the letters is left. */
const minWeight = 0.05;
/** A plate that enters the frame reads as a shorter text with high certainty, frame after frame. Such reads must lose against the first one of the whole plate. */
const cutWeight = 0.05;

/** Longer texts are known by a digest. The texts of plates and most codes are their own keys. */
const maxPlainKey = 16;
/** Two of a few hundred texts have the same digest once in 10^13 times. */
const digestLength = 10;

/** The votes of a session during one frame. */
export class TextVotes {
  readonly #options: VoteOptions;
  readonly #clock: Clock;
  readonly #live: ReadonlyMap<number, LiveTrack>;
  readonly #tracks = new Map<number, TrackReads>();
  readonly #texts = new Map<number, TrackText>();
  readonly #events: SceneEvent[] = [];
  #reported: readonly ReportedText[];

  /** @param live the tracks of this frame. Those that are absent have ended. */
  constructor(state: VotesState, live: readonly LiveTrack[], clock: Clock, options: VoteOptions) {
    this.#options = options;
    this.#clock = clock;
    // A custom tracker may return anything.
    const known = live.filter(({ track_id: id }) => Number.isSafeInteger(id) && id >= 0);
    this.#live = new Map(known.map((track) => [track.track_id, track]));
    this.#reported = state.reported.filter(([, endedMs]) => clock.sessionMs - endedMs < options.repeatMs);
    for (const track of state.tracks.map(unpackTrack)) this.#tracks.set(track.id, track);
    for (const track of [...this.#tracks.values()]) if (!this.#live.has(track.id)) this.#end(track);
  }

  /** Whether there is a vote on a track's text. Not for tracks that are not live, and not for the newest ones of very many. */
  has(id: number): boolean {
    return this.#tracks.has(id) || (this.#live.has(id) && this.#tracks.size < maxTracks);
  }

  /** Whether it is time to read a track's text. */
  isDue(id: number, { height }: Pick<View, 'height'>): boolean {
    const track = this.#tracks.get(id);
    if (track === undefined) return this.has(id);
    const { intervalMs, maxReads, rereadMs } = this.#options;
    const sinceMs = this.#clock.sessionMs - track.lastReadMs;
    if (this.#textOf(track).isSettled) return sinceMs >= rereadMs;
    if (height >= growth * track.height) return sinceMs > 0;
    return sinceMs >= (track.readsAtHeight < maxReads ? intervalMs : Math.max(intervalMs, rereadMs));
  }

  /** Adds a read of a track for which {@link has} is true. Reports the text if that settles it. */
  add(id: number, recognition: Recognition, view: View): void {
    const live = this.#live.get(id);
    if (live === undefined || !this.has(id)) return;
    const before = this.#tracks.get(id);
    const height = Number.isFinite(view.height) ? Math.max(1, view.height) : 1;
    const isLarger = before === undefined || height >= growth * before.height;
    const columns = columnsPerTrack(this.#tracks.size);
    const characters = charactersOf(recognition, columns);
    const track: TrackReads = {
      id,
      label: live.label,
      reads: (before?.reads ?? 0) + 1,
      readsAtHeight: isLarger ? 1 : before.readsAtHeight + 1,
      height: isLarger ? height : before.height,
      lastReadMs: this.#clock.sessionMs,
      reported: before?.reported ?? '',
      network: addRead(before?.network ?? emptyNetwork, characters, weightOf(view), columns),
    };
    this.#set(track);
    const text = this.#textOf(track);
    if (text.isSettled && track.reported === '') this.#set({ ...track, reported: this.#report(track, text) });
  }

  /** Undefined if the track has not been read yet. */
  textOf(id: number): TrackText | undefined {
    const track = this.#tracks.get(id);
    return track === undefined ? undefined : this.#textOf(track);
  }

  /** @returns the events of the frame, and what the session keeps for the next one. */
  close(): { readonly events: readonly SceneEvent[]; readonly state: VotesState } {
    return { events: this.#events, state: packVotes([...this.#tracks.values()], this.#reported) };
  }

  #set(track: TrackReads): void {
    this.#tracks.set(track.id, track);
    this.#texts.delete(track.id);
  }

  #textOf({ id, reads, network }: TrackReads): TrackText {
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    const vote = voteOf(network);
    const isSettled = reads >= minSettledReads && vote.score >= this.#options.settledScore;
    const text = { ...vote, reads, isSettled };
    this.#texts.set(id, text);
    return text;
  }

  /** Forgets a track. Reports its text if it has never been reported and is likely enough. */
  #end(track: TrackReads): void {
    const text = this.#textOf(track);
    this.#tracks.delete(track.id);
    const isLikely = text.score > 0 && text.score >= this.#options.minScore;
    const key = track.reported === '' && isLikely ? this.#report(track, text) : track.reported;
    if (key === '') return;
    const others = this.#reported.filter(([other]) => other !== key);
    this.#reported = [...others, [key, Math.round(this.#clock.sessionMs)] as ReportedText].slice(-maxReported);
  }

  /** Adds the event, unless another track with the same text is there or has just been. @returns the text's key. */
  #report({ id, label }: TrackReads, { text, score, reads, isSettled }: TrackText): string {
    const key = textKey(text);
    const isRepeated =
      this.#reported.some(([other]) => other === key) ||
      [...this.#tracks.values()].some((other) => other.id !== id && other.reported === key);
    if (!isRepeated) {
      this.#events.push({
        type: this.#options.event,
        at_ms: this.#clock.unixMs,
        track_id: id,
        label,
        text,
        text_score: Number(score.toFixed(scoreDigits)),
        text_reads: reads,
        text_settled: isSettled,
      });
    }
    return key;
  }
}

/** Letters and digits only: two reads of the same plate may differ in spaces and hyphens. */
function textKey(text: string): string {
  const plain = [...text].filter(isLetterOrDigit).join('');
  if (plain.length <= maxPlainKey) return plain;
  return `#${createHash('sha256').update(plain).digest('base64').slice(0, digestLength)}`;
}

function weightOf({ height, isCut }: View): number {
  if (isCut) return cutWeight;
  return height > 0 ? Math.max(minWeight, Math.sqrt(Math.min(1, height / fullHeight))) : minWeight;
}

/** One code point each. A recognizer that says nothing about single characters is as certain of each as of the text. */
function charactersOf({ text, score, characters }: Recognition, count: number): readonly RecognizedCharacter[] {
  const recognized = (characters ?? [{ character: text, certainty: score }]).slice(0, count);
  const single = recognized.flatMap(({ character, certainty }) =>
    [...character.slice(0, 2 * count).toWellFormed()].map((each) => ({ character: each, certainty })),
  );
  return single.slice(0, count);
}
