/** What a session keeps of the reads of its tracks: plain JSON that stays small, whatever a frame shows. Worker threads. */
import { z } from 'zod';
import { type Column, type Network, noCharacter, shrunk } from './confusion-network.ts';

/** Maximum number of tracks with votes. Texts of further ones are recognized in each frame, as those without a track are. */
export const maxTracks = 100;

/** All tracks together may have this many columns: 12 each if there are 100, which is enough for a license plate. */
const maxColumnsInTotal = 1200;
const minColumns = 12;
/** A longer text is cut off: a line of a sign fits, and a page of a book does not help anybody. */
const maxColumns = 64;

/** Maximum number of reported texts of ended tracks, which are not to be reported again soon. */
export const maxReported = 32;

/** Above this size, columns keep fewer candidates. All tools of a session share 64 KB. */
const maxBytes = 19_000;

/** A label is needed only for the event of a track that ends before its text is settled. No class has a longer name. */
const maxLabelLength = 24;

/** Evidence is stored in tenths, weights in hundredths: the votes are no more precise than that. */
const evidenceUnits = 10;
const weightUnits = 100;

/** The columns of a network, one after the other: the characters of the candidates, the evidence of each, and maybe that of no character. */
type Cells = (string | number)[];

/** Four candidates, one of them no character, take five cells. */
const cellsPerColumn = 5;
const maxCellLength = 16;

const count = z.number().min(0);
/** One check for the whole list: a schema per cell takes several times as long, in every frame. */
const cells = z.custom<Cells>(
  (value) => Array.isArray(value) && value.length <= cellsPerColumn * maxColumns && value.every(isCell),
);

function isCell(cell: unknown): boolean {
  return typeof cell === 'string' ? cell.length <= maxCellLength : Number.isFinite(cell);
}

const trackSchema = z.tuple([
  count, // id
  z.string().max(maxLabelLength),
  count, // reads
  count, // reads since the box has grown
  count, // height of the box then, in pixels
  count, // session time of the last read, in milliseconds
  count, // weight of the network
  count, // absence of the network
  z.string().max(64), // key of the text that was reported, or would have been if another track had not had the same one; or empty
  cells,
]);

/** Texts are keys, see `textKey`; the number is the session time in milliseconds at which the track ended. */
const reportedSchema = z.tuple([z.string().max(64), count]);

export const votesSchema = z.strictObject({
  tracks: z.array(trackSchema).max(maxTracks),
  reported: z.array(reportedSchema).max(maxReported),
});

export type VotesState = z.infer<typeof votesSchema>;
type TrackState = VotesState['tracks'][number];
export type ReportedText = VotesState['reported'][number];

export const initialVotes: VotesState = { tracks: [], reported: [] };

/** What is known of a track. Times are session times in milliseconds, heights are in pixels. */
export interface TrackReads {
  readonly id: number;
  readonly label: string;
  readonly reads: number;
  /** Reads since the box has grown to `height`. */
  readonly readsAtHeight: number;
  readonly height: number;
  readonly lastReadMs: number;
  /** Key of the text for which there was an event, or would have been without another track; empty before. */
  readonly reported: string;
  readonly network: Network;
  /** As it was in the session's state, unless it has changed since. */
  readonly packed?: TrackState;
}

/** @param tracks that have votes. @returns the maximum number of columns of each. */
export function columnsPerTrack(tracks: number): number {
  return Math.min(maxColumns, Math.max(minColumns, Math.floor(maxColumnsInTotal / Math.max(1, tracks))));
}

export function unpackTrack(state: TrackState): TrackReads {
  const [id, label, reads, readsAtHeight, height, lastReadMs, weight, absence, reported, packed] = state;
  const network = {
    columns: unpackColumns(packed),
    weight: weight / weightUnits,
    absence: absence / evidenceUnits,
  };
  return { id, label, reads, readsAtHeight, height, lastReadMs, reported, network, packed: state };
}

/** Writes the state; with fewer candidates and columns if it were too large otherwise. */
export function packVotes(tracks: readonly TrackReads[], reported: readonly ReportedText[]): VotesState {
  const pack = (shorten: (network: Network) => Network): VotesState => ({
    tracks: tracks.map((track) => packTrack(track, shorten(track.network))),
    reported: [...reported],
  });
  const full: VotesState = {
    tracks: tracks.map((track) => track.packed ?? packTrack(track, track.network)),
    reported: [...reported],
  };
  if (Buffer.byteLength(JSON.stringify(full)) <= maxBytes) return full;
  const columns = columnsPerTrack(tracks.length);
  const short = pack((network) => shrunk(network, columns, 2));
  return Buffer.byteLength(JSON.stringify(short)) <= maxBytes ? short : pack((network) => shrunk(network, columns, 1));
}

function packTrack(track: TrackReads, network: Network): TrackState {
  const { id, label, reads, readsAtHeight, height, lastReadMs, reported } = track;
  return [
    id,
    reported === '' ? label.slice(0, maxLabelLength) : '',
    reads,
    readsAtHeight,
    Math.round(height),
    Math.ceil(lastReadMs),
    Math.round(network.weight * weightUnits),
    Math.round(network.absence * evidenceUnits),
    reported,
    network.columns.flatMap(packColumn),
  ];
}

function packColumn(column: Column): (string | number)[] {
  const characters = [...column.keys()].filter((candidate) => candidate !== noCharacter);
  const evidence = characters.map((character) => column.get(character) ?? 0);
  const absence = column.get(noCharacter);
  const numbers = absence === undefined ? evidence : [...evidence, absence];
  return [characters.join(''), ...numbers.map((number) => Math.round(number * evidenceUnits))];
}

function unpackColumns(packed: Cells): readonly Column[] {
  const columns: Map<string, number>[] = [];
  let candidates: string[] = [];
  for (const cell of packed) {
    if (typeof cell === 'string') {
      candidates = [...cell, noCharacter].reverse();
      columns.push(new Map());
    } else {
      columns.at(-1)?.set(candidates.pop() ?? noCharacter, cell / evidenceUnits);
    }
  }
  return columns;
}
