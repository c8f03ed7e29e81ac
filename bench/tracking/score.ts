/** Scores of a tracker against the truth: MOTA (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani et al. 2016). Pure. */
import { assign } from '../../src/tracking/assignment.ts';
import type { Frame, Rect, TrueBox } from './simulation.ts';

/** A box that a tracker reported. */
export interface Hypothesis extends Rect {
  readonly id: number;
}

/** Counts of one or several sequences; see {@link ratesOf}. */
export interface Counts {
  readonly objects: number;
  readonly hypotheses: number;
  readonly matches: number;
  readonly switches: number;
  /** Boxes of which truth and tracker agree, under the best one-to-one pairing of ids. */
  readonly idMatches: number;
}

export interface Rates {
  readonly mota: number;
  readonly idf1: number;
  readonly switches: number;
}

/** As is usual. */
const minIou = 0.5;

export const noCounts: Counts = { objects: 0, hypotheses: 0, matches: 0, switches: 0, idMatches: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    objects: a.objects + b.objects,
    hypotheses: a.hypotheses + b.hypotheses,
    matches: a.matches + b.matches,
    switches: a.switches + b.switches,
    idMatches: a.idMatches + b.idMatches,
  };
}

export function ratesOf({ objects, hypotheses, matches, switches, idMatches }: Counts): Rates {
  const errors = objects - matches + (hypotheses - matches) + switches;
  return { mota: 1 - errors / objects, idf1: (2 * idMatches) / (objects + hypotheses), switches };
}

/** @param reported the tracker's boxes of each frame. */
export function scoreSequence(frames: readonly Frame[], reported: readonly (readonly Hypothesis[])[]): Counts {
  const lastIdOf = new Map<number, number>();
  const together = new Map<string, number>();
  let [objects, hypotheses, matches, switches] = [0, 0, 0, 0];
  for (const [index, frame] of frames.entries()) {
    const truth = frame.truth.filter(({ ignored }) => !ignored);
    const boxes = withoutIgnored(frame, reported[index] ?? []);
    objects += truth.length;
    hypotheses += boxes.length;
    for (const [object, box] of pairs(truth, boxes, lastIdOf)) {
      matches += 1;
      const last = lastIdOf.get(object.id);
      if (last !== undefined && last !== box.id) switches += 1;
      lastIdOf.set(object.id, box.id);
    }
    countTogether(together, truth, boxes);
  }
  return { objects, hypotheses, matches, switches, idMatches: bestIds(together) };
}

/** Counts for each pair of ids the frames in which both overlap enough. */
function countTogether(together: Map<string, number>, truth: readonly TrueBox[], boxes: readonly Hypothesis[]): void {
  for (const object of truth) {
    for (const box of boxes) {
      if (iou(object, box) < minIou) continue;
      const key = `${object.id}:${box.id}`;
      together.set(key, (together.get(key) ?? 0) + 1);
    }
  }
}

/** Drops the boxes that show an object that does not count, and none that does. */
function withoutIgnored(frame: Frame, boxes: readonly Hypothesis[]): Hypothesis[] {
  const shows = (box: Rect, ignored: boolean) =>
    frame.truth.some((object) => object.ignored === ignored && iou(object, box) >= minIou);
  return boxes.filter((box) => shows(box, false) || !shows(box, true));
}

/** Pairs of the frame before are kept while they overlap enough; the others overlap as much as possible. */
function pairs(
  truth: readonly TrueBox[],
  boxes: readonly Hypothesis[],
  lastIdOf: ReadonlyMap<number, number>,
): (readonly [TrueBox, Hypothesis])[] {
  const candidates = truth.flatMap((object, row) =>
    boxes.flatMap((box, column) => {
      const overlap = iou(object, box);
      if (overlap < minIou) return [];
      // More than any overlap can outweigh.
      const kept = lastIdOf.get(object.id) === box.id ? boxes.length + 1 : 0;
      return [{ row, column, cost: -1 - overlap - kept }];
    }),
  );
  return assign(candidates).map(({ row, column }) => [truth[row] as TrueBox, boxes[column] as Hypothesis]);
}

function bestIds(together: ReadonlyMap<string, number>): number {
  const candidates = [...together].map(([key, count]) => {
    const [row, column] = key.split(':').map(Number) as [number, number];
    return { row, column, cost: -count };
  });
  return assign(candidates).reduce((sum, pair) => sum - pair.cost, 0);
}

function iou(a: Rect, b: Rect): number {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a.w * a.h + b.w * b.h - w * h);
}
