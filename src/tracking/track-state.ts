/** The tracks of a session between frames as plain JSON: whole numbers in one flat array. Pure; worker threads. */
import { z } from 'zod';
import type { Spread } from './motion.ts';
import { maxExtent, minSide, type TrackedObject } from './track.ts';

/** What a session keeps. */
export interface TrackerState {
  /** The id of the next track that is confirmed. */
  next: number;
  /** Labels of the tracks, which name them by index. */
  labels: string[];
  /** {@link fieldCount} whole numbers per track. */
  tracks: number[];
}

export const noTracks: TrackerState = { next: 1, labels: [], tracks: [] };

/** Numbers per track in the state. */
export const fieldCount = 17;

/** Pixels, and pixels per second, are kept in tenths; relative numbers in thousandths; correlations in ten-thousandths. */
const pixels = 10;
const relative = 1000;
const correlations = 10_000;

/** The largest number of tracks that any params allow. */
export const maxTracks = 200;

/** Labels are compared up to this length: they come from models, and a state must stay small. */
export const maxLabelLength = 64;

/** One check for the whole array: a schema per number takes ten times as long. */
const wholeNumbers = z.custom<number[]>(
  (value) =>
    Array.isArray(value) &&
    value.length % fieldCount === 0 &&
    value.length <= maxTracks * fieldCount &&
    value.every(Number.isSafeInteger),
);

export const trackerStateSchema: z.ZodType<TrackerState> = z.strictObject({
  next: z.number().int().min(1),
  labels: z.array(z.string().max(maxLabelLength)).max(maxTracks),
  tracks: wholeNumbers,
});

export function readTracks({ labels, tracks }: TrackerState): TrackedObject[] {
  const count = tracks.length / fieldCount;
  return Array.from({ length: count }, (_, index) => readTrack(tracks, index * fieldCount, labels));
}

function readTrack(numbers: readonly number[], start: number, labels: readonly string[]): TrackedObject {
  const at = (field: number) => numbers[start + field] as number;
  return {
    id: at(0),
    label: labels[at(1)] ?? '',
    bornMs: at(2),
    seenMs: at(3),
    x: at(4) / pixels,
    y: at(5) / pixels,
    vx: at(6) / pixels,
    vy: at(7) / pixels,
    w: Math.max(at(8) / pixels, minSide),
    h: Math.max(at(9) / pixels, minSide),
    growth: at(10) / relative,
    place: readSpread(at(11), at(12), at(13)),
    scale: readSpread(at(14), at(15), at(16)),
  };
}

function readSpread(value: number, speed: number, correlation: number): Spread {
  return { value: value / relative, speed: speed / relative, correlation: correlation / correlations };
}

export function writeTracks(next: number, objects: readonly TrackedObject[]): TrackerState {
  const labels: string[] = [];
  const indices = new Map<string, number>();
  const tracks: number[] = [];
  for (const object of objects) {
    let index = indices.get(object.label);
    if (index === undefined) {
      index = labels.push(object.label) - 1;
      indices.set(object.label, index);
    }
    writeTrack(tracks, object, index);
  }
  return { next, labels, tracks };
}

function writeTrack(numbers: number[], track: TrackedObject, label: number): void {
  const { place, scale } = track;
  numbers.push(track.id, label, track.bornMs, track.seenMs);
  numbers.push(whole(track.x * pixels), whole(track.y * pixels), whole(track.vx * pixels), whole(track.vy * pixels));
  numbers.push(whole(track.w * pixels), whole(track.h * pixels), whole(track.growth * relative));
  numbers.push(whole(place.value * relative), whole(place.speed * relative), whole(place.correlation * correlations));
  numbers.push(whole(scale.value * relative), whole(scale.speed * relative), whole(scale.correlation * correlations));
}

/** Adding 0 turns −0 into 0, which JSON does not have. */
function whole(value: number): number {
  return Math.round(Math.min(Math.max(value, -maxExtent * pixels), maxExtent * pixels)) + 0;
}
