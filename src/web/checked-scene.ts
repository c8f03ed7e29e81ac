/** Tracks, counts and zones as the page can show them. What has another shape is left out, and so is what is too much. Pure. */
import type { Point, SceneCounts, Track, Zone } from '../client/index.ts';
import { isNumber, isPoint, isRecord, listOf, numberOf, textOf } from './unchecked.ts';

/** Trackers follow dozens; drawing more would stop the page. */
export const maxTracks = 500;
/** More would cover the picture. */
export const maxZones = 100;
/** Corners of one area. */
export const maxCorners = 500;
/** Of one zone, and labels of one kind. */
const maxCounts = 50;

const minCorners = 3;

export function tracksOf(given: unknown): Track[] | undefined {
  return listOf(given)
    ?.slice(0, maxTracks)
    .flatMap((track) => {
      if (!isRecord(track)) return [];
      const { x, y, w, h } = track;
      const id = trackIdOf(track['track_id']);
      if (id === undefined || !isNumber(x) || !isNumber(y) || !isNumber(w) || !isNumber(h)) return [];
      const part = (key: string) => numberOf(track[key]) ?? 0;
      const motion = { vx: part('vx'), vy: part('vy'), age_ms: part('age_ms'), lost_ms: part('lost_ms') };
      return [{ ...{ track_id: id, label: textOf(track['label']) ?? '', x, y, w, h }, ...motion }];
    });
}

/** An id of a track: a whole number. */
export function trackIdOf(given: unknown): number | undefined {
  return Number.isSafeInteger(given) ? (given as number) : undefined;
}

export function countsOf(given: unknown): SceneCounts {
  const counts = entriesOf(given, maxZones, (zone) =>
    entriesOf(zone, maxCounts, (kind) => entriesOf(kind, maxCounts, (count) => numberOf(count))),
  );
  return counts ?? {};
}

/** Zones of a pipeline. Keys that only its tool knows stay. */
export function zonesOf(given: unknown): Zone[] {
  const zones = listOf(given)?.slice(0, maxZones) ?? [];
  return zones.filter((zone): zone is Zone => {
    if (!isRecord(zone) || typeof zone['name'] !== 'string') return false;
    const { area, line } = zone;
    return isCorners(area) || (Array.isArray(line) && line.length === 2 && line.every(isPoint));
  });
}

function isCorners(given: unknown): given is readonly Point[] {
  return Array.isArray(given) && given.length >= minCorners && given.length <= maxCorners && given.every(isPoint);
}

/** The first entries that can be read; undefined if it is no object. */
function entriesOf<Value>(given: unknown, max: number, read: (value: unknown) => Value | undefined) {
  if (!isRecord(given) || Array.isArray(given)) return undefined;
  const entries = Object.entries(given).slice(0, max);
  const checked = entries.flatMap(([key, value]): [string, Value][] => {
    const found = read(value);
    return found === undefined ? [] : [[key, found]];
  });
  return Object.fromEntries(checked);
}
