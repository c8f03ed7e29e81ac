/** The color of a track: always the same for its number. Pure. */
import { classPalette } from './class-colors.ts';

/** Colors of the palette, in an order in which consecutive numbers, which are often in view together, differ most. */
const order = [1, 3, 2, 0, 4, 6, 7, 5] as const;

export function trackColor(id: number): string {
  const place = ((id % order.length) + order.length) % order.length;
  return classPalette[order[place] as number] as string;
}
