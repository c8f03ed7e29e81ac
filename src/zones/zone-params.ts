/** The zones of a pipeline file: areas and lines, and what is reported about them. Pure. */
import { z } from 'zod';
import { segmentsCross } from './geometry.ts';
import { cutLabel } from './label.ts';

/** Far more than a scene has. Each is looked at for each object of each frame. */
const maxZones = 64;
const maxPoints = 64;
const maxNameLength = 64;
const maxDwellMs = 86_400_000;

const fraction = z.number().min(0).max(1);
const point = z.tuple([fraction, fraction]);
const common = {
  /** Appears in events and counts. */
  name: z
    .string()
    .min(1)
    .max(maxNameLength)
    .refine((text) => !/\p{C}/u.test(text), 'must not contain control characters')
    .refine((text) => text !== '__proto__', 'is a reserved name'),
  /** Only objects with these labels; default: all. They are compared as the scene knows them. */
  labels: z.array(z.string().min(1).transform(cutLabel)).min(1).optional(),
};

const area = z.strictObject({
  ...common,
  /** Corners in order. */
  area: z
    .array(point)
    .min(3)
    .max(maxPoints)
    .refine(isSimple, 'its sides must not cross each other')
    .refine(hasInside, 'its corners must not be on one line'),
  /** Report each object that stays this long. */
  dwell_ms: z.number().min(1).max(maxDwellMs).optional(),
});

const line = z.strictObject({
  ...common,
  line: z.tuple([point, point]).refine(([[x1, y1], [x2, y2]]) => x1 !== x2 || y1 !== y2, 'its points must differ'),
});

export const zonesSchema = z
  .array(z.unknown().transform(parseZone))
  .min(1)
  .max(maxZones)
  .refine((zones) => new Set(zones.map(({ name }) => name)).size === zones.length, 'names must be unique');

export type AreaZone = z.output<typeof area>;
export type LineZone = z.output<typeof line>;
export type SceneZone = AreaZone | LineZone;

/** A union's message would only say that no kind fits; this one says what is wrong with the kind that was meant. */
function parseZone(value: unknown, context: z.core.$RefinementCtx): SceneZone {
  const isLine = typeof value === 'object' && value !== null && 'line' in value;
  const parsed = (isLine ? line : area).safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { message, path } of parsed.error.issues)
    context.issues.push({ code: 'custom', message, path, input: value });
  return z.NEVER;
}

/** Twice the smallest area, as a fraction of the frame: a pixel of the largest frame is larger. */
const minTwiceArea = 1e-9;

/** Whether the corners span an area (shoelace formula). Nothing could be in an area without one. */
function hasInside(corners: readonly (readonly [number, number])[]): boolean {
  const parts = corners.map(([x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length] as readonly [number, number];
    return x * nextY - nextX * y;
  });
  return Math.abs(parts.reduce((sum, part) => sum + part, 0)) > minTwiceArea;
}

/** Whether no two sides of an outline cross, other than at their common corner. */
function isSimple(corners: readonly (readonly [number, number])[]): boolean {
  const at = (index: number) => corners[index % corners.length] as readonly [number, number];
  return corners.every((_, first) =>
    corners.slice(first + 2).every((_, offset) => {
      const second = first + 2 + offset;
      const areNeighbors = (second + 1) % corners.length === first;
      return areNeighbors || !segmentsCross(at(first), at(first + 1), at(second), at(second + 1));
    }),
  );
}
