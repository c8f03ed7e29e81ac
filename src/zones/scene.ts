/**
 * One frame of a scene: which objects have entered or left an area, stayed in it, or crossed a line, and the counts. Pure.
 *
 *   tracks seen in this frame ─► where each was before, and is now ─► events, counts
 *   tracks that are gone ──────► they leave their areas
 */
import type { Point, SceneCounts, SceneEvent, Track } from '../protocol.ts';
import type { Clock } from '../session-state.ts';
import { distanceToOutline, isInside } from './geometry.ts';
import { type Direction, decodeSide, encodeSide, endLine, stepLine } from './line.ts';
import type { AreaZone, LineZone, SceneZone } from './zone-params.ts';
import type { Stay, StoredObject, ZoneState } from './zone-state.ts';

export interface SceneOptions {
  readonly zones: readonly SceneZone[];
  /** Which point of a box stands for the object. */
  readonly anchor: 'center' | 'bottom';
  /** How far an object must be beyond an outline or a line, as a fraction of the smaller side of its box: boxes tremble. */
  readonly margin: number;
}

export interface SceneFrame {
  readonly tracks: readonly Track[];
  readonly width: number;
  readonly height: number;
  readonly clock: Clock;
  /** Text of a track, if it is known. */
  readonly textOf: (trackId: number) => Pick<SceneEvent, 'text' | 'text_score'>;
}

export interface SceneStep {
  readonly state: ZoneState;
  readonly events: readonly SceneEvent[];
  readonly counts: SceneCounts;
}

/** The state must stay small: objects beyond this number are not watched. */
export const maxObjects = 200;
/** Stays of all objects in all areas. Beyond, an object enters no further area. */
const maxStays = 1000;
/** Numbers that are counted, of all zones, kinds and labels. Beyond, new labels count as `other`. */
const maxCounts = 500;
/** Longer labels are cut. */
const maxLabelLength = 32;
const otherLabel = 'other';
/** Places are kept as fractions of the frame: a hundredth of a percent is below a pixel. */
const placeDigits = 1e4;

/** What changes while a frame is looked at. */
interface Pass extends SceneFrame {
  readonly options: SceneOptions;
  readonly events: SceneEvent[];
  readonly counts: Record<string, Record<string, number>>[];
  stays: number;
}

export function stepScene(state: ZoneState, frame: SceneFrame, options: SceneOptions): SceneStep {
  const counts = options.zones.map((_, index) => structuredClone(state.counts[index] ?? {}));
  const stays = state.objects.reduce((sum, object) => sum + object[5].length, 0);
  const pass: Pass = { ...frame, options, events: [], counts, stays };
  const before = new Map(state.objects.map((object) => [object[0], object]));
  const objects: StoredObject[] = [];
  for (const track of frame.tracks) {
    const stored = before.get(track.track_id);
    before.delete(track.track_id);
    // The place of an object that is not seen is only a guess.
    if (track.lost_ms > 0) objects.push(...(stored === undefined ? [] : [stored]));
    else if (stored !== undefined || objects.length < maxObjects) objects.push(stepObject(pass, track, stored));
  }
  for (const gone of before.values()) endObject(pass, gone);
  return { state: { objects, counts: pass.counts }, events: pass.events, counts: countsOf(pass, objects) };
}

function stepObject(pass: Pass, track: Track, stored: StoredObject | undefined): StoredObject {
  const { options, width, height } = pass;
  const now = anchorOf(track, options.anchor);
  const before: Point | undefined = stored && [stored[2] * width, stored[3] * height];
  const marginPx = options.margin * Math.min(track.w, track.h);
  // A tracker may change its mind about a label; what an object was first called decides where it counts.
  const label = stored?.[1] ?? track.label.slice(0, maxLabelLength);
  const stays = new Map(stored?.[5].map((stay) => [stay[0], stay]));
  let sides = '';
  for (const [index, zone] of options.zones.entries()) {
    if (zone.labels?.includes(label) === false) sides += encodeSide(undefined);
    else if ('line' in zone) {
      const step = stepLine(decodeSide(stored?.[4][index]), scaled(zone.line, pass), { before, now, marginPx });
      sides += encodeSide(step.side);
      if (step.crossed !== undefined) cross(pass, index, zone, { track_id: track.track_id, label }, step.crossed);
    } else {
      sides += encodeSide(undefined);
      const stay = stepArea(pass, { index, zone, track_id: track.track_id, label, now, marginPx }, stays.get(index));
      if (stay === undefined) stays.delete(index);
      else stays.set(index, stay);
    }
  }
  const [x, y] = [roundPlace(now[0] / width), roundPlace(now[1] / height)];
  return [track.track_id, label, x, y, sides, [...stays.values()]];
}

interface AreaVisit extends Named {
  readonly index: number;
  readonly zone: AreaZone;
  readonly now: Point;
  readonly marginPx: number;
}

function stepArea(pass: Pass, visit: AreaVisit, stay: Stay | undefined): Stay | undefined {
  const { index, zone, track_id, label, now, marginPx } = visit;
  const area = scaled(zone.area, pass);
  const inside = isInside(now, area) || (stay !== undefined && distanceToOutline(now, area) <= marginPx);
  const { sessionMs } = pass.clock;
  if (!inside) {
    if (stay !== undefined) leave(pass, zone, index, visit, stay);
    return undefined;
  }
  if (stay === undefined && pass.stays >= maxStays) return undefined;
  const [, sinceMs, wasReported] = stay ?? [index, sessionMs, false];
  if (stay === undefined) enter(pass, zone, index, visit);
  const isDue = zone.dwell_ms !== undefined && !wasReported && sessionMs - sinceMs >= zone.dwell_ms;
  if (isDue) {
    const stayed_ms = Math.round(sessionMs - sinceMs);
    report(pass, index, 'dwell', { type: 'dwell', zone: zone.name, track_id, label, stayed_ms });
  }
  return [index, sinceMs, wasReported || isDue];
}

/** An object that the tracker has lost leaves its areas, and has crossed a line that it had passed. */
function endObject(pass: Pass, stored: StoredObject): void {
  const [track_id, label, x, y, , stays] = stored;
  const last: Point = [x * pass.width, y * pass.height];
  for (const [index, zone] of pass.options.zones.entries()) {
    if (!('line' in zone)) continue;
    const crossed = endLine(decodeSide(stored[4][index]), scaled(zone.line, pass), last);
    if (crossed !== undefined) cross(pass, index, zone, { track_id, label }, crossed);
  }
  for (const stay of stays) {
    const zone = pass.options.zones[stay[0]];
    if (zone !== undefined) leave(pass, zone, stay[0], { track_id, label }, stay);
  }
}

type Named = Pick<Track, 'track_id' | 'label'>;

function cross(pass: Pass, index: number, zone: LineZone, { track_id, label }: Named, direction: Direction): void {
  report(pass, index, direction, { type: 'cross', zone: zone.name, direction, track_id, label });
}

function enter(pass: Pass, zone: SceneZone, index: number, { track_id, label }: Named): void {
  pass.stays += 1;
  report(pass, index, 'enter', { type: 'enter', zone: zone.name, track_id, label });
}

function leave(pass: Pass, zone: SceneZone, index: number, { track_id, label }: Named, [, sinceMs]: Stay): void {
  pass.stays -= 1;
  const stayed_ms = Math.round(pass.clock.sessionMs - sinceMs);
  report(pass, index, 'leave', { type: 'leave', zone: zone.name, track_id, label, stayed_ms });
}

/** Adds an event, and counts it. */
function report(pass: Pass, index: number, kind: string, event: Omit<SceneEvent, 'at_ms'> & Named): void {
  const counts = pass.counts[index] ?? {};
  const ofKind = counts[kind] ?? {};
  counts[kind] = ofKind;
  const isCounted = Object.hasOwn(ofKind, event.label) || (hasRoom(pass) && event.label !== '__proto__');
  const label = isCounted ? event.label : otherLabel;
  ofKind[label] = (ofKind[label] ?? 0) + 1;
  pass.events.push({ ...event, ...pass.textOf(event.track_id), at_ms: pass.clock.unixMs } as SceneEvent);
}

function hasRoom({ counts }: Pass): boolean {
  const kinds = counts.flatMap((zone) => Object.values(zone));
  return kinds.reduce((sum, labels) => sum + Object.keys(labels).length, 0) < maxCounts;
}

/** The counts for the result: those of the state, with kinds that have not happened yet, and who is inside now. */
function countsOf({ options, counts }: Pass, objects: readonly StoredObject[]): SceneCounts {
  const insideOf = (index: number) => {
    const inside: Record<string, number> = {};
    for (const [, label, , , , stays] of objects)
      if (stays.some((stay) => stay[0] === index)) inside[label] = (inside[label] ?? 0) + 1;
    return inside;
  };
  return Object.fromEntries(
    options.zones.map((zone, index) => {
      if ('line' in zone) return [zone.name, { in: {}, out: {}, ...counts[index] }];
      const dwell = zone.dwell_ms === undefined ? {} : { dwell: {} };
      return [zone.name, { inside: insideOf(index), enter: {}, leave: {}, ...dwell, ...counts[index] }];
    }),
  );
}

function anchorOf({ x, y, w, h }: Track, anchor: SceneOptions['anchor']): Point {
  return [x + w / 2, anchor === 'bottom' ? y + h : y + h / 2];
}

function scaled<Points extends readonly Point[]>(points: Points, { width, height }: SceneFrame): Points {
  return points.map(([x, y]): Point => [x * width, y * height]) as readonly Point[] as Points;
}

function roundPlace(fraction: number): number {
  return Math.round(fraction * placeDigits) / placeDigits;
}
