/** The counts of one camera as they are published: one total per zone and kind, for a bounded number of them. Pure. */

/** A total to publish. */
export interface ZoneCount {
  readonly zone: string;
  readonly kind: string;
  readonly total: number;
  /** By label, for the first of them. */
  readonly labels: Readonly<Record<string, number>>;
  /** Whether this zone and kind were never read before. */
  readonly isNew: boolean;
}

/** Zones times kinds per camera. A pipeline has fewer; names that change with every frame must not fill the broker. */
const maxZoneCounts = 64;
/** Labels beyond these are part of the total only. */
const maxLabels = 50;
/** Longer names are cut where they are shown. */
const maxNameLength = 100;
/** Zones and kinds with longer names are ignored, because names are kept. */
const maxKeptNameLength = 1024;

export class SceneCountsReader {
  readonly #known = new Set<string>();
  #ignored = 0;

  /** Pairs of zone and kind that came after the limit was reached. */
  get ignored(): number {
    return this.#ignored;
  }

  /** @param counts of a result as it came from the gateway; custom tools may return any shape. */
  read(counts: unknown): ZoneCount[] {
    return entriesOf(counts).flatMap(([zone, kinds]) =>
      entriesOf(kinds).flatMap(([kind, labels]) => {
        const admission = this.#admit(zone, kind);
        return admission === 'ignored' ? [] : [zoneCount(zone, kind, labels, admission === 'new')];
      }),
    );
  }

  #admit(zone: string, kind: string): 'new' | 'known' | 'ignored' {
    const key = `${zone.length} ${zone} ${kind}`;
    if (this.#known.has(key)) return 'known';
    if (this.#known.size >= maxZoneCounts || Math.max(zone.length, kind.length) > maxKeptNameLength) {
      this.#ignored += 1;
      return 'ignored';
    }
    this.#known.add(key);
    return 'new';
  }
}

function zoneCount(zone: string, kind: string, counts: unknown, isNew: boolean): ZoneCount {
  const numbers = entriesOf(counts).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
  const total = numbers.reduce((sum, [, count]) => sum + count, 0);
  const labels = numbers.slice(0, maxLabels).map(([label, count]) => [cutName(label), count]);
  return { zone, kind, total, labels: Object.fromEntries(labels) as Record<string, number>, isNew };
}

/** Printable text of limited length, for a name from outside. */
export function cutName(name: string): string {
  return name.slice(0, maxNameLength).toWellFormed().replace(/\p{C}/gu, ' ');
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
