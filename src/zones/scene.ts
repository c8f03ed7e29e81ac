/**
 * One frame of a scene: which objects have entered or left an area, stayed in it, or crossed a line, and the counts. Pure.
 *
 *   tracks seen in this frame ─► where each was before, and is now ─► events, counts
 *   tracks that are gone ──────► they leave their areas
 */
import type { Point, SceneCounts, SceneEvent, Track } from '../protocol.ts';
import type { Clock } from '../session-state.ts';
import { countEvent, countLabels, type ZoneCounts } from './counts.ts';
import { distanceToOutline, isInside } from './geometry.ts';
import { cutLabel } from './label.ts';
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
const maxStays = 500;
/** Places are fractions of the frame, in steps of a hundredth of a percent: below a pixel. */
const placeSteps = 1e4;
/**
 * An object is within the frame, also if its box reaches beyond. A box that the edge of the frame cuts off ends exactly there, and the lower
 * and right sides of an area do not belong to it.
 */
const lastPlace = 1 - 1 / placeSteps;

/** In pixels of this frame. */
type Outline =
  | { readonly zone: LineZone; readonly line: readonly [Point, Point] }
  | { readonly zone: AreaZone; readonly area: readonly Point[] };

/** What changes while a frame is looked at. */
interface Pass extends SceneFrame {
  readonly options: SceneOptions;
  readonly outlines: readonly Outline[];
  readonly events: SceneEvent[];
  readonly counts: ZoneCounts[];
  stays: number;
}

export function stepScene(state: ZoneState, frame: SceneFrame, options: SceneOptions): SceneStep {
  const pass = passOf(state, frame, options);
  const before = new Map(state.objects.map((object) => [object[0], object]));
  const ids = new Set<number>();
  // A custom tool may list an object twice.
  const tracks = frame.tracks.filter(({ track_id }) => !ids.has(track_id) && ids.add(track_id));
  let room = maxObjects - state.objects.filter(([id]) => ids.has(id)).length;
  const objects: StoredObject[] = [];
  for (const track of tracks) {
    const stored = before.get(track.track_id);
    before.delete(track.track_id);
    const isSeen = track.lost_ms <= 0;
    // The place of an object that is not seen is only a guess.
    if (stored !== undefined) objects.push(isSeen ? stepObject(pass, track, stored) : stored);
    else if (isSeen && room > 0) {
      room -= 1;
      objects.push(stepObject(pass, track, undefined));
    }
  }
  for (const gone of before.values()) endObject(pass, gone);
  return { state: { objects, counts: pass.counts }, events: pass.events, counts: countsOf(pass, objects) };
}

function passOf(state: ZoneState, frame: SceneFrame, options: SceneOptions): Pass {
  const counts = options.zones.map((_, index) => structuredClone(state.counts[index] ?? {}));
  const stays = state.objects.reduce((sum, object) => sum + object[5].length, 0);
  const outlines = options.zones.map((zone): Outline => {
    const scaled = ([x, y]: Point): Point => [x * frame.width, y * frame.height];
    if (!('line' in zone)) return { zone, area: zone.area.map(scaled) };
    return { zone, line: [scaled(zone.line[0]), scaled(zone.line[1])] };
  });
  return { ...frame, options, outlines, events: [], counts, stays };
}

function stepObject(pass: Pass, track: Track, stored: StoredObject | undefined): StoredObject {
  const { options, outlines } = pass;
  const place = placeOf(track, pass);
  // Where it was is known only as rounded, so where it is must be, too: otherwise, it could pass a line between the two.
  const now = pointAt(place, pass);
  const before = stored && pointAt([stored[2], stored[3]], pass);
  const marginPx = options.margin * Math.max(0, Math.min(track.w, track.h));
  // A tracker may change its mind about a label; what an object was first called decides where it counts.
  const label = stored?.[1] ?? cutLabel(track.label);
  const stays = new Map(stored?.[5].map((stay) => [stay[0], stay]));
  let sides = '';
  for (const [index, outline] of outlines.entries()) {
    if (outline.zone.labels?.includes(label) === false) sides += encodeSide(undefined);
    else if ('line' in outline) {
      const step = stepLine(decodeSide(stored?.[4][index]), outline.line, { before, now, marginPx });
      sides += encodeSide(step.side);
      if (step.crossed !== undefined)
        cross(pass, index, outline.zone, { track_id: track.track_id, label }, step.crossed);
    } else {
      sides += encodeSide(undefined);
      const stay = stepArea(
        pass,
        { index, ...outline, track_id: track.track_id, label, now, marginPx },
        stays.get(index),
      );
      if (stay === undefined) stays.delete(index);
      else stays.set(index, stay);
    }
  }
  return [track.track_id, label, ...place, sides, [...stays.values()]];
}

interface AreaVisit extends Named {
  readonly index: number;
  readonly zone: AreaZone;
  /** Its outline in pixels. */
  readonly area: readonly Point[];
  readonly now: Point;
  readonly marginPx: number;
}

function stepArea(pass: Pass, visit: AreaVisit, stay: Stay | undefined): Stay | undefined {
  const { index, zone, area, track_id, label, now, marginPx } = visit;
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
  const last = pointAt([x, y], pass);
  for (const [index, outline] of pass.outlines.entries()) {
    if (!('line' in outline)) continue;
    const crossed = endLine(decodeSide(stored[4][index]), outline.line, last);
    if (crossed !== undefined) cross(pass, index, outline.zone, { track_id, label }, crossed);
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
  countEvent(pass.counts, pass.counts[index] ?? {}, kind, event.label);
  pass.events.push({ ...event, ...pass.textOf(event.track_id), at_ms: pass.clock.unixMs } as SceneEvent);
}

/** The counts for the result: those of the state, with kinds that have not happened yet, and who is inside now. */
function countsOf({ options, counts }: Pass, objects: readonly StoredObject[]): SceneCounts {
  const insideOf = (index: number) => {
    const inside = objects.filter(([, , , , , stays]) => stays.some((stay) => stay[0] === index));
    return countLabels(inside.map(([, label]) => label));
  };
  return Object.fromEntries(
    options.zones.map((zone, index) => {
      if ('line' in zone) return [zone.name, { in: {}, out: {}, ...counts[index] }];
      const dwell = zone.dwell_ms === undefined ? {} : { dwell: {} };
      return [zone.name, { inside: insideOf(index), enter: {}, leave: {}, ...dwell, ...counts[index] }];
    }),
  );
}

/** The point of a box that stands for the object, as fractions of the frame. */
function placeOf({ x, y, w, h }: Track, { options, width, height }: Pass): Point {
  return [roundPlace((x + w / 2) / width), roundPlace((options.anchor === 'bottom' ? y + h : y + h / 2) / height)];
}

function pointAt([x, y]: Point, { width, height }: SceneFrame): Point {
  return [x * width, y * height];
}

function roundPlace(fraction: number): number {
  const inFrame = Math.min(lastPlace, Math.max(0, fraction));
  return Math.round(inFrame * placeSteps) / placeSteps;
}
