/** A session whose tracks show texts, frame by frame, for tests of votes. */
import type { SceneEvent } from '../../src/protocol.ts';
import { TextVotes, type View, type VoteOptions } from '../../src/votes/text-votes.ts';
import { initialVotes, type VotesState, votesSchema } from '../../src/votes/votes-state.ts';

export const options: VoteOptions = {
  event: 'plate',
  settledScore: 0.95,
  minScore: 0.5,
  intervalMs: 150,
  maxReads: 5,
  rereadMs: 2000,
  repeatMs: 10_000,
};
export const openedAt = 1_700_000_000_000;
export const view: View = { height: 30, isCut: false };

export interface ReadText {
  readonly id: number;
  readonly text: string;
  readonly certainty?: number;
  readonly view?: View;
}

/** A session: its state is written as JSON and read again between frames. */
export class VotingSession {
  readonly events: SceneEvent[] = [];
  /** Times of the reads of each track. */
  readonly reads = new Map<number, number[]>();
  #text = JSON.stringify(initialVotes);
  readonly #options: VoteOptions;

  constructor(changed: Partial<VoteOptions> = {}) {
    this.#options = { ...options, ...changed };
  }

  get bytes(): number {
    return Buffer.byteLength(this.#text);
  }

  /** One frame in which each track shows a text, which is read if it is due. Tracks without text are lost, but live. */
  frame(sessionMs: number, shown: readonly ReadText[], lost: readonly number[] = []): TextVotes {
    const live = [...shown.map(({ id }) => id), ...lost].map((id) => ({ track_id: id, label: 'car' }));
    const clock = { sessionMs, elapsedMs: undefined, unixMs: openedAt + sessionMs };
    const votes = new TextVotes(JSON.parse(this.#text) as VotesState, live, clock, this.#options);
    for (const { id, text, certainty = 0.97, view: seen = view } of shown) {
      if (!votes.has(id) || !votes.isDue(id, seen)) continue;
      const characters = [...text].map((character) => ({ character, certainty }));
      votes.add(id, { text, score: certainty, characters }, seen);
      this.reads.set(id, [...(this.reads.get(id) ?? []), sessionMs]);
    }
    const { events, state } = votes.close();
    votesSchema.parse(state);
    this.#text = JSON.stringify(state);
    this.events.push(...events);
    return votes;
  }

  /** Shows one text again and again. */
  show(from: number, to: number, stepMs: number, read: ReadText): void {
    for (let at = from; at < to; at += stepMs) this.frame(at, [read]);
  }
}
