/** Reads what a task adds to a box. Worker threads. */
import type { Detection } from '../../protocol.ts';
import type { Placement } from '../image.ts';
import type { Outputs } from '../model.ts';
import type { Candidates } from './candidates.ts';
import type { Size } from './frame-box.ts';
import { nonMaxSuppression } from './nms.ts';

/** One run of a model, and the frame that it ran on. */
export interface Run {
  readonly outputs: Outputs;
  readonly candidates: Candidates;
  readonly placement: Placement;
  readonly frame: Size;
}

/** A detection without the label and the score, which all tasks have in common. */
export type Reading = Omit<Detection, 'label' | 'score'>;

/** The part of a task that differs from detection. Used for one run at a time. */
export interface BoxReader {
  /** Called once per run, before anything else. */
  begin(run: Run): void;
  /** Whether a candidate is on the frame; others neither count nor remove others. */
  isOnFrame(index: number): boolean;
  /** @returns `undefined` if nothing of the object is on the frame. */
  read(index: number): Reading | undefined;
  /** Non-maximum suppression; by default that of upright boxes. */
  suppress?: typeof nonMaxSuppression;
}

/** Limits of what is reported. */
export interface ReportLimits {
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  readonly maxDetections: number;
  /** Labels to report; `undefined` for all. */
  readonly allowedLabels: ReadonlySet<string> | undefined;
}

/** @returns the detections of a run, best score first. */
export function readDetections(
  reader: BoxReader,
  run: Run,
  names: readonly string[],
  limits: ReportLimits,
): Detection[] {
  const { candidates } = run;
  const { iouThreshold, maxDetections, allowedLabels } = limits;
  const labelOf = (index: number) => {
    const classIndex = candidates.classIndex[index] as number;
    return names[classIndex] ?? `class ${classIndex}`;
  };
  const isIncluded = (index: number) =>
    isObject(candidates, index) &&
    (allowedLabels === undefined || allowedLabels.has(labelOf(index))) &&
    reader.isOnFrame(index);
  reader.begin(run);
  const kept =
    reader.suppress?.(candidates, iouThreshold, maxDetections, isIncluded) ??
    nonMaxSuppression(candidates, iouThreshold, maxDetections, isIncluded);
  return kept.flatMap((index) => {
    const reading = reader.read(index);
    if (reading === undefined) return [];
    const { x, y, w, h, ...others } = reading;
    return [{ x, y, w, h, label: labelOf(index), score: Math.min(1, candidates.score[index] as number), ...others }];
  });
}

/** JSON has no infinite numbers. */
function isObject({ classIndex, score }: Candidates, index: number): boolean {
  return (classIndex[index] as number) >= 0 && Number.isFinite(score[index]);
}
