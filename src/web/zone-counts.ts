/** The counts of zones as texts: for the card, and next to the names on the picture. Pure. */
import type { SceneCounts, Zone } from '../client/index.ts';

/** What happened in a zone how often. */
export interface CountRow {
  readonly kind: string;
  /** The kind in words. */
  readonly name: string;
  readonly total: number;
  /** By label, the most frequent first: `car 3, bus 1`. Empty if there is nothing to add to the total. */
  readonly byLabel: string;
}

export interface ZoneCounts {
  readonly name: string;
  readonly shape: 'area' | 'line' | undefined;
  readonly rows: readonly CountRow[];
}

const kindNames = new Map([
  ['inside', 'inside now'],
  ['enter', 'entered'],
  ['leave', 'left'],
  ['dwell', 'dwelled'],
  ['in', 'in'],
  ['out', 'out'],
]);
const kindsOfShape = { area: ['inside', 'enter', 'leave', 'dwell'], line: ['in', 'out'] } as const;
/** Of one row; the others are added up. */
const maxLabels = 6;
const maxNameLength = 40;

/** The counts of the zones of a pipeline, in their order, and then of zones that only the result has. */
export function zoneCounts(zones: readonly Zone[], counts: SceneCounts): ZoneCounts[] {
  const byName = new Map(Object.entries(counts));
  const known = zones.map((zone) => {
    const shape: 'area' | 'line' = 'area' in zone ? 'area' : 'line';
    const found = new Map(Object.entries(byName.get(zone.name) ?? {}));
    byName.delete(zone.name);
    const kinds = [...new Set([...kindsOfShape[shape], ...found.keys()])];
    // Dwelling is not counted unless the pipeline asks for it.
    const shown = kinds.filter((kind) => kind !== 'dwell' || found.has(kind));
    return { name: zone.name, shape, rows: shown.map((kind) => rowOf(kind, found.get(kind) ?? {})) };
  });
  const others = [...byName].map(([name, kinds]) => {
    const rows = Object.entries(kinds).map(([kind, labels]) => rowOf(kind, labels));
    return { name, shape: undefined, rows };
  });
  return [...known, ...others];
}

/** The name of a zone with what is in it now, or what has crossed it: `yard · 3`, `gate · in 5, out 2`. */
export function pictureText({ name, shape, rows }: ZoneCounts): string {
  const short = name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name;
  const shown = rows.filter(({ kind }) => (shape === 'line' ? kind === 'in' || kind === 'out' : kind === 'inside'));
  const texts = shown.map(({ kind, total }) => (kind === 'inside' ? String(total) : `${kind} ${total}`));
  return [short, ...(texts.length === 0 ? [] : [texts.join(', ')])].join(' · ');
}

function rowOf(kind: string, labels: Readonly<Record<string, number>>): CountRow {
  const counted = Object.entries(labels)
    .filter(([, count]) => count !== 0)
    .sort(([, a], [, b]) => b - a);
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  const shown = counted.slice(0, maxLabels).map(([label, count]) => `${label} ${count}`);
  const rest = counted.slice(maxLabels).reduce((sum, [, count]) => sum + count, 0);
  if (rest > 0) shown.push(`others ${rest}`);
  return { kind, name: kindNames.get(kind) ?? kind, total, byLabel: shown.join(', ') };
}
