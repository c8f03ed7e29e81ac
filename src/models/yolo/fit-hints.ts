/** What the search for an output format knows. Any thread; types only. */
import type { TensorShape } from '../model.ts';
import type { BoxFormatName } from './format-names.ts';
import type { BoxTask } from './task.ts';

/** An output as a run returned it. */
export interface OutputShape extends TensorShape {
  readonly dims: readonly number[];
}

/** What is known besides the shapes. */
export interface FitHints {
  readonly task: BoxTask;
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Values per box after its scores: those of the keypoints of a pose. Other tasks know theirs. */
  readonly poseValues: number;
  /** Formats that metadata or `model.json` leave; with a single one, `model.json` names it. */
  readonly names: readonly BoxFormatName[];
}

/** Values that each box has after its scores, and the output with the mask prototypes. */
export interface Extras {
  readonly count: number;
  readonly prototypes?: string;
}
