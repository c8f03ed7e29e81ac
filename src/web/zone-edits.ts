/** The zones that are being edited, as a reducer. Points are fractions of the frame. Pure. */
import type { Point, Zone } from '../client/index.ts';
import { formatReply } from './reply-json.ts';
import { pointsOf, sidesCross } from './zone-geometry.ts';

export type ZoneKind = 'area' | 'line';

/** A zone that is not closed yet. */
export interface Draft {
  readonly kind: ZoneKind;
  readonly points: readonly Point[];
}

export interface Edits {
  /** Their names differ. */
  readonly zones: readonly Zone[];
  /** Index of the selected zone. */
  readonly selected: number | undefined;
  readonly draft: Draft | undefined;
  /** The zones before the last changes, oldest first. */
  readonly past: readonly (readonly Zone[])[];
}

export type EditAction =
  | { readonly type: 'draw'; readonly kind: ZoneKind }
  /** Adds a point to the draft. The second one ends a line. */
  | { readonly type: 'point'; readonly point: Point }
  /** Closes the area that is drawn. */
  | { readonly type: 'finish' }
  /** Removes the last point of the draft. */
  | { readonly type: 'back' }
  | { readonly type: 'cancel' }
  | { readonly type: 'select'; readonly index: number | undefined }
  /** `isContinued`: the same movement as the last action, which is undone with it. */
  | { readonly type: 'move'; readonly at: Corner; readonly point: Point; readonly isContinued: boolean }
  | { readonly type: 'shift'; readonly index: number; readonly by: Point; readonly isContinued: boolean }
  /** Adds a corner after another one. */
  | { readonly type: 'insert'; readonly at: Corner; readonly point: Point }
  | { readonly type: 'remove'; readonly at: Corner }
  | { readonly type: 'rename'; readonly index: number; readonly name: string; readonly isContinued: boolean }
  | { readonly type: 'delete'; readonly index: number }
  | { readonly type: 'flip'; readonly index: number }
  | { readonly type: 'undo' };

/** A point of a zone, by their indices. */
export interface Corner {
  readonly zone: number;
  readonly point: number;
}

/** Limits of `scene.zones`. */
const maxZones = 64;
const maxCorners = 64;
export const maxNameLength = 64;
export const minAreaPoints = 3;
const linePoints = 2;
/** Enough to take back a mistake. */
const maxPast = 50;
/** A point this near to the one before it is a second click on the same place. */
const samePlace = 0.002;
/** Digits of a fraction: a tenth of a pixel of a frame with 1000. */
const digits = 4;

/** Starts with the zones of a pipeline. Of zones with the same name, later ones get another. */
export function editsOf(zones: readonly Zone[]): Edits {
  const named: Zone[] = [];
  for (const zone of zones) named.push({ ...zone, name: freeName(named, zone.name) });
  return { zones: named, selected: undefined, draft: undefined, past: [] };
}

export function reduce(edits: Edits, action: EditAction): Edits {
  switch (action.type) {
    case 'draw':
      return { ...edits, selected: undefined, draft: { kind: action.kind, points: [] } };
    case 'point':
      return edits.draft === undefined ? edits : withPoint(edits, edits.draft, clamped(action.point));
    case 'finish':
      return edits.draft !== undefined && canFinish(edits.draft) ? finished(edits, edits.draft) : edits;
    case 'back':
      return edits.draft === undefined
        ? edits
        : { ...edits, draft: { ...edits.draft, points: edits.draft.points.slice(0, -1) } };
    case 'cancel':
      return { ...edits, draft: undefined };
    case 'select':
      return { ...edits, selected: action.index };
    case 'undo':
      return undone(edits);
    default:
      return changed(edits, action);
  }
}

/** Actions that change one zone. */
type Change = Exclude<
  EditAction,
  { readonly type: 'draw' | 'point' | 'finish' | 'back' | 'cancel' | 'select' | 'undo' }
>;

function changed(edits: Edits, action: Change): Edits {
  const index = 'at' in action ? action.at.zone : action.index;
  const zone = edits.zones[index];
  if (zone === undefined) return edits;
  if (action.type === 'delete') {
    return { ...withZones(edits, edits.zones.toSpliced(index, 1)), selected: undefined };
  }
  const next = changedZone(edits, zone, index, action);
  if (next === undefined) return edits;
  const isContinued = 'isContinued' in action && action.isContinued;
  const zones = edits.zones.with(index, next);
  return { ...(isContinued ? { ...edits, zones } : withZones(edits, zones)), selected: index };
}

/** Undefined if the zone stays as it is. */
function changedZone(
  edits: Edits,
  zone: Zone,
  index: number,
  action: Exclude<Change, { readonly type: 'delete' }>,
): Zone | undefined {
  const points = pointsOf(zone);
  switch (action.type) {
    case 'move':
      return points[action.at.point] && withPoints(zone, points.with(action.at.point, clamped(action.point)));
    case 'shift':
      return withPoints(zone, shifted(points, action.by));
    case 'insert':
      if ('line' in zone || points.length >= maxCorners) return undefined;
      return withPoints(zone, points.toSpliced(action.at.point + 1, 0, clamped(action.point)));
    case 'remove':
      if ('line' in zone || points.length <= minAreaPoints) return undefined;
      return withPoints(zone, points.toSpliced(action.at.point, 1));
    case 'rename': {
      const name = action.name.trim();
      return name === zone.name || nameIssue(edits.zones, index, name) !== undefined ? undefined : { ...zone, name };
    }
    case 'flip':
      return 'line' in zone ? withPoints(zone, points.toReversed()) : undefined;
  }
}

/** Why a zone cannot have a name; undefined if it can. */
export function nameIssue(zones: readonly Zone[], index: number, given: string): string | undefined {
  const name = given.trim();
  if (name === '') return 'A zone needs a name.';
  if (name.length > maxNameLength) return `A name has at most ${maxNameLength} characters.`;
  if (/\p{C}/u.test(name) || name === '__proto__')
    return 'A name cannot contain control characters, or be “__proto__”.';
  return zones.some((other, at) => at !== index && other.name === name)
    ? `Another zone is called “${name}”.`
    : undefined;
}

/** What `scene.zones` would reject; undefined if nothing. */
export function zonesIssue(zones: readonly Zone[]): string | undefined {
  const crossed = zones.find((zone) => 'area' in zone && sidesCross(zone.area));
  return crossed && `Sides of “${crossed.name}” cross each other. The gateway rejects such an area.`;
}

/** Whether the draft has all points that it needs. */
export function canFinish({ kind, points }: Draft): boolean {
  return kind === 'area' && points.length >= minAreaPoints;
}

/** The `zones` param of a node `scene.zones`, as JSON for people. */
export function zonesJson(zones: readonly Zone[]): string {
  return formatReply(zones.map((zone) => withPoints(zone, pointsOf(zone).map(rounded))));
}

function withPoint(edits: Edits, { kind, points }: Draft, point: Point): Edits {
  const last = points.at(-1);
  const isSame = last !== undefined && isNear(last, point);
  if (isSame || points.length >= maxCorners) return edits;
  const draft = { kind, points: [...points, point] };
  return kind === 'line' && draft.points.length === linePoints ? finished(edits, draft) : { ...edits, draft };
}

function finished(edits: Edits, { kind, points }: Draft): Edits {
  if (edits.zones.length >= maxZones) return { ...edits, draft: undefined };
  const name = freeName(edits.zones, `${kind}-1`);
  const zone = (kind === 'area' ? { name, area: points } : { name, line: points }) as Zone;
  return { ...withZones(edits, [...edits.zones, zone]), selected: edits.zones.length, draft: undefined };
}

function undone(edits: Edits): Edits {
  const zones = edits.past.at(-1);
  if (edits.draft !== undefined || zones === undefined) return edits;
  const selected = edits.selected !== undefined && edits.selected < zones.length ? edits.selected : undefined;
  return { ...edits, zones, past: edits.past.slice(0, -1), selected };
}

function withZones(edits: Edits, zones: readonly Zone[]): Edits {
  return { ...edits, zones, past: [...edits.past, edits.zones].slice(-maxPast) };
}

/** Keeps the other keys of the zone, and their order. */
function withPoints(zone: Zone, points: readonly Point[]): Zone {
  return { ...zone, ...('area' in zone ? { area: points } : { line: points as [Point, Point] }) };
}

/** Moves points together, as far as all of them stay in the frame. */
function shifted(points: readonly Point[], by: Point): Point[] {
  const [byX, byY] = ([0, 1] as const).map((axis) => {
    const places = points.map((point) => point[axis]);
    return Math.max(-Math.min(...places), Math.min(1 - Math.max(...places), by[axis]));
  }) as [number, number];
  return points.map(([x, y]) => clamped([x + byX, y + byY]));
}

/** The name itself if no zone has it; otherwise the first free number is added, or takes the place of its number. */
function freeName(zones: readonly Zone[], name: string): string {
  const taken = new Set(zones.map((zone) => zone.name));
  const [, stem] = /^(.*?)(?:-\d+)?$/.exec(name) ?? [name, name];
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${stem}-${number}`;
  return free;
}

function isNear(a: Point, b: Point): boolean {
  return Math.abs(a[0] - b[0]) < samePlace && Math.abs(a[1] - b[1]) < samePlace;
}

/** A point of the frame, rounded. */
function clamped([x, y]: Point): Point {
  const inFrame = (at: number) => Math.min(1, Math.max(0, at));
  return rounded([inFrame(x), inFrame(y)]);
}

function rounded([x, y]: Point): Point {
  return [Number(x.toFixed(digits)), Number(y.toFixed(digits))];
}
