/** How often texts are wrong: those of single frames, and those that votes report. */
import { plain } from './clips.ts';
import type { ClipRun, Sighting } from './run-clip.ts';

/** A share, with what it is a share of. */
export interface Share {
  readonly share: number;
  readonly of: number;
}

/** A row of the calibration table. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  /** Every track counts once, in parts of the frames in which its vote was in this bin. */
  readonly tracks: number;
  /** Mean score, and share of texts that were right. */
  readonly score: number;
  readonly right: number;
}

export interface Accuracy {
  /** Tracks of plates. */
  readonly tracks: number;
  /** Reads of single frames whose text is not exactly that of the plate. */
  readonly wrongFrames: Share;
  /** The same, of the reads with a score that would be reported. */
  readonly wrongSureFrames: Share;
  /** Events of tracks of plates whose text is not exactly that of a plate that the track has shown. */
  readonly wrongEvents: Share;
  readonly wrongSettledEvents: Share;
  /** Events of tracks whose boxes show something else: signs, mostly. */
  readonly otherEvents: number;
  /** Tracks of plates with an event. */
  readonly reported: Share;
  /** Tracks that have been read right in one frame at least, and whose event is right. */
  readonly rightOfLegible: Share;
  /** Settled texts that would have become another one if every frame of the track had been recognized. */
  readonly changed: Share;
  readonly bins: readonly Bin[];
  /** Mean difference of score and share of right texts over the bins. */
  readonly calibrationError: number;
}

interface TrackHistory {
  /** Texts of the plates that the track's boxes show. A tracker may confuse two vehicles. */
  readonly truths: ReadonlySet<string>;
  readonly sightings: readonly Sighting[];
  readonly event: { readonly text: string; readonly isSettled: boolean } | undefined;
}

const binEdges = [0, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1];

/** @param floor score from which a text is reported. */
export function judge(runs: readonly ClipRun[], floor: number): Accuracy {
  const all = runs.flatMap(historiesOf);
  const plates = all.filter(({ truths }) => truths.size > 0);
  const reads = plates.flatMap(({ sightings }) =>
    sightings.flatMap(({ plate, single }) => (plate === undefined ? [] : [{ truth: plain(plate.text), ...single }])),
  );
  const isWrongRead = (read: { truth: string; text: string }) => plain(read.text) !== read.truth;
  const isWrongEvent = ({ truths, event }: TrackHistory) => !truths.has(plain(event?.text ?? ''));
  const isSure = ({ score }: { score: number }) => score >= floor;
  const reported = plates.filter(({ event }) => event !== undefined);
  const settled = reported.filter(({ event }) => event?.isSettled);
  const legible = plates.filter(({ truths, sightings }) =>
    sightings.some(({ single }) => truths.has(plain(single.text))),
  );
  const bins = binsOf(plates);
  return {
    tracks: plates.length,
    wrongFrames: shareOf(reads, isWrongRead),
    wrongSureFrames: shareOf(reads.filter(isSure), isWrongRead),
    wrongEvents: shareOf(reported, isWrongEvent),
    wrongSettledEvents: shareOf(settled, isWrongEvent),
    otherEvents: all.filter(({ truths, event }) => truths.size === 0 && event !== undefined).length,
    reported: shareOf(plates, ({ event }) => event !== undefined),
    rightOfLegible: shareOf(legible, (track) => !isWrongEvent(track)),
    changed: shareOf(
      settled,
      ({ event, sightings }) => plain(event?.text ?? '') !== plain(sightings.at(-1)?.exhaustive ?? ''),
    ),
    bins,
    calibrationError: calibrationErrorOf(bins),
  };
}

function shareOf<Item>(items: readonly Item[], isCounted: (item: Item) => boolean): Share {
  return { share: items.filter(isCounted).length / Math.max(1, items.length), of: items.length };
}

function historiesOf({ sightings, events }: ClipRun): TrackHistory[] {
  return [...Map.groupBy(sightings, ({ trackId }) => trackId)].map(([id, own]) => {
    const event = events.find(({ track_id: eventId }) => eventId === id);
    const seen = event && { text: event.text ?? '', isSettled: event['text_settled'] === true };
    const truths = new Set(own.flatMap(({ plate }) => (plate === undefined ? [] : [plain(plate.text)])));
    return { truths, sightings: own, event: seen };
  });
}

function binsOf(tracks: readonly TrackHistory[]): Bin[] {
  const votes = tracks.flatMap(({ sightings }) => {
    const voted = sightings.flatMap(({ vote, plate }) =>
      vote === undefined || plate === undefined ? [] : { ...vote, plate },
    );
    return voted.map(({ text, score, plate }) => {
      return { score, isRight: plain(text) === plain(plate.text), weight: 1 / voted.length };
    });
  });
  return binEdges.slice(1).flatMap((to, index) => {
    const from = binEdges[index] as number;
    const own = votes.filter(({ score }) => score >= from && (score < to || to === 1));
    const total = own.reduce((sum, { weight }) => sum + weight, 0);
    if (total === 0) return [];
    const score = own.reduce((sum, vote) => sum + vote.weight * vote.score, 0) / total;
    const right = own.reduce((sum, { weight, isRight }) => sum + (isRight ? weight : 0), 0) / total;
    return [{ from, to, tracks: total, score, right }];
  });
}

function calibrationErrorOf(bins: readonly Bin[]): number {
  const total = bins.reduce((sum, { tracks }) => sum + tracks, 0);
  return bins.reduce((sum, { tracks, score, right }) => sum + tracks * Math.abs(score - right), 0) / Math.max(1, total);
}
