/** Which detection belongs to which track: how likely each pair is, and the best choice of pairs. Pure; worker threads. */
import { assign, type Pair } from './assignment.ts';
import { type Box, sizeOf, type TrackedObject } from './track.ts';

/** A detection that can be tracked. */
export interface Candidate {
  /** In the list of detections. */
  readonly index: number;
  readonly label: string;
  readonly box: Box;
  readonly score: number;
}

/** How pairs are judged. Numbers are twice negative logarithms of likelihoods, as in a squared distance. */
export interface MatchRules {
  /** Standard deviations of measured centers (relative to the size), log sizes, and log aspect ratios. */
  readonly placeNoise: number;
  readonly scaleNoise: number;
  readonly aspectNoise: number;
  /** What a pair may cost before two strangers are more likely. Higher where new objects are rare. */
  readonly limit: number;
  /** Added for every second for which the track has been lost: it may have left. */
  readonly perLostSecond: number;
  /** Standard deviation of the center of an object that is just where it is expected, as all are that stand, and what that costs. */
  readonly stillNoise: number;
  readonly still: number;
  /** Whether labels must be the same. */
  readonly sameLabel: boolean;
}

/** Two times the logarithm of a variance counts for two axes. */
const axes = 2;

/** A track's part of the cost, which is the same for all detections. */
interface Expected {
  readonly track: TrackedObject;
  readonly row: number;
  readonly logSize: number;
  readonly logAspect: number;
  readonly placePrecision: number;
  readonly scalePrecision: number;
  readonly base: number;
  /** The same, in case that the object is just where it is expected. */
  readonly stillPrecision: number;
  readonly stillBase: number;
  /** Squared distance from which on no detection is likely enough, whatever its shape. */
  readonly reach: number;
}

interface Measured {
  readonly candidate: Candidate;
  readonly column: number;
  readonly logSize: number;
  readonly logAspect: number;
}

/**
 * @param tracks as predicted for `nowMs`.
 * @returns indices of both; each is in at most one pair.
 */
export function match(
  tracks: readonly TrackedObject[],
  candidates: readonly Candidate[],
  nowMs: number,
  rules: MatchRules,
): readonly Pair[] {
  const expected = tracks.map((track, row) => expect(track, row, nowMs, rules));
  const measured = candidates.map((candidate, column) => ({ candidate, column, ...shapeOf(candidate.box) }));
  const pairs: Pair[] = [];
  for (const one of expected) {
    for (const other of measured) {
      if (rules.sameLabel && one.track.label !== other.candidate.label) continue;
      const cost = costOf(one, other, rules);
      if (cost < 0) pairs.push({ row: one.row, column: other.column, cost });
    }
  }
  return assign(pairs);
}

function shapeOf(box: { readonly w: number; readonly h: number }): {
  readonly logSize: number;
  readonly logAspect: number;
} {
  return { logSize: Math.log(sizeOf(box)), logAspect: Math.log(box.w / box.h) };
}

function expect(track: TrackedObject, row: number, nowMs: number, rules: MatchRules): Expected {
  const placeVariance = track.place.value ** 2 + rules.placeNoise ** 2;
  const scaleVariance = track.scale.value ** 2 + rules.scaleNoise ** 2;
  const lostSeconds = Math.max(nowMs - track.seenMs, 0) / 1000;
  const stillVariance = rules.stillNoise ** 2;
  const common = Math.log(scaleVariance) + rules.perLostSecond * lostSeconds - rules.limit;
  const area = track.w * track.h;
  const base = common + axes * Math.log(placeVariance);
  const stillBase = common + axes * Math.log(stillVariance) + rules.still;
  return {
    track,
    row,
    ...shapeOf(track),
    placePrecision: 1 / (placeVariance * area),
    scalePrecision: 1 / scaleVariance,
    base,
    stillPrecision: 1 / (stillVariance * area),
    stillBase,
    reach: Math.max(-base * placeVariance, -stillBase * stillVariance) * area,
  };
}

/** Below 0 if the pair is likelier than that both have nothing to do with each other. */
function costOf(one: Expected, other: Measured, rules: MatchRules): number {
  const dx = other.candidate.box.x - one.track.x;
  const dy = other.candidate.box.y - one.track.y;
  const squared = dx * dx + dy * dy;
  if (squared >= one.reach) return 0;
  const size = (other.logSize - one.logSize) ** 2 * one.scalePrecision;
  const aspect = ((other.logAspect - one.logAspect) / rules.aspectNoise) ** 2;
  const place = Math.min(squared * one.placePrecision + one.base, squared * one.stillPrecision + one.stillBase);
  return size + aspect + place;
}
