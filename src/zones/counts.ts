/** The counts of a scene: numbers by zone, kind and label. Pure. */
import { otherLabel } from './label.ts';

/** Numbers by label. */
export type LabelCounts = Record<string, number>;

/** Counts of one zone, by kind and label. */
export type ZoneCounts = Record<string, LabelCounts>;

/** Numbers that are counted, of all zones, kinds and labels. Beyond, new labels count as `other`. */
const maxCounts = 500;

/** Counts one more of a kind. @param all counts of all zones, of which `counts` are one. */
export function countEvent(all: readonly ZoneCounts[], counts: ZoneCounts, kind: string, label: string): void {
  const ofKind = counts[kind] ?? {};
  counts[kind] = ofKind;
  addTo(ofKind, Object.hasOwn(ofKind, label) || sizeOf(all) < maxCounts ? label : otherLabel);
}

/** The numbers of objects by label. */
export function countLabels(labels: readonly string[]): LabelCounts {
  const counts: LabelCounts = {};
  for (const label of labels) addTo(counts, label);
  return counts;
}

/** A label may be the name of a property that every object has, such as `constructor`; an object cannot hold the key `__proto__`. */
function addTo(counts: LabelCounts, label: string): void {
  const key = label === '__proto__' ? otherLabel : label;
  counts[key] = (Object.hasOwn(counts, key) ? (counts[key] ?? 0) : 0) + 1;
}

function sizeOf(all: readonly ZoneCounts[]): number {
  const kinds = all.flatMap((zone) => Object.values(zone));
  return kinds.reduce((sum, labels) => sum + Object.keys(labels).length, 0);
}
