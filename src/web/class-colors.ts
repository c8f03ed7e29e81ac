/** The colors of classes: always the same for a label, and different for the classes in view. */

/**
 * Chosen to differ from each other, from the yellow of boxes, and from white as much as possible, in the color space Oklab, and to be
 * bright: they stand out with a dark halo, and carry dark text.
 */
export const classPalette = [
  '#ff4bff',
  '#3ca5ff',
  '#3cb43c',
  '#ff7878',
  '#3cffc3',
  '#ffb4ff',
  '#b487ff',
  '#b4ff3c',
] as const;

/** Offset and prime of the 32-bit FNV-1a hash: http://www.isthe.com/chongo/tech/comp/fnv/ */
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

export class ClassColors {
  readonly #colors = new Map<string, string>();

  /** The color of a class. It follows from the label, unless an earlier class has that color and another one is free. */
  of(label: string): string {
    const known = this.#colors.get(label);
    if (known !== undefined) return known;
    const first = hashOf(label) % classPalette.length;
    const preferred = [...classPalette.slice(first), ...classPalette.slice(0, first)];
    const taken = new Set(this.#colors.values());
    const free = preferred.find((color) => !taken.has(color));
    // Labels without a color of their own are not kept: a tool may make up new labels forever.
    if (free === undefined) return preferred[0] as string;
    this.#colors.set(label, free);
    return free;
  }

  /** Forgets the classes of another source or pipeline. */
  clear(): void {
    this.#colors.clear();
  }
}

function hashOf(label: string): number {
  let hash = fnvOffset;
  for (const byte of new TextEncoder().encode(label)) hash = Math.imul(hash ^ byte, fnvPrime);
  return hash >>> 0;
}
