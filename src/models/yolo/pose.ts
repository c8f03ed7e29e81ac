/** Reads the boxes and keypoints of a pose model. Worker threads. */
import type { Keypoint } from '../../protocol.ts';
import { type ColumnView, viewColumns } from './box-decoder.ts';
import type { Reading, Run } from './box-reader.ts';
import { UprightReader } from './detect.ts';
import { clamp } from './frame-box.ts';
import type { Columns } from './output-format.ts';
import type { Keypoints } from './plan.ts';

/** Keypoints of a row: x, y in input pixels, and a score if the model has been trained with visibility. */
export class PoseReader extends UprightReader {
  readonly #columns: Columns;
  readonly #keypoints: Keypoints;
  #view: ColumnView | undefined;

  constructor(columns: Columns, keypoints: Keypoints) {
    super();
    this.#columns = columns;
    this.#keypoints = keypoints;
  }

  override begin(run: Run): void {
    super.begin(run);
    this.#view = viewColumns(run.outputs, this.#columns);
  }

  override read(index: number): Reading | undefined {
    const box = this.boxOf(index);
    const keypoints = this.#keypointsOf(this.run.candidates.row[index] as number);
    // A pose is a list by position, so a point that is not a number cannot be left out.
    return box && keypoints.every(isFinitePoint) ? { ...box, keypoints } : undefined;
  }

  #keypointsOf(row: number): Keypoint[] {
    const { data, at, rowStep, columnStep } = this.#view as ColumnView;
    const { scaleX, scaleY, offsetX, offsetY } = this.run.placement;
    const { width, height } = this.run.frame;
    const { count, values } = this.#keypoints;
    return Array.from({ length: count }, (_, keypoint): Keypoint => {
      const first = at + row * rowStep + keypoint * values * columnStep;
      const x = clamp(((data[first] as number) - offsetX) / scaleX, width);
      const y = clamp(((data[first + columnStep] as number) - offsetY) / scaleY, height);
      return values === 3 ? [x, y, clamp(data[first + 2 * columnStep] as number, 1)] : [x, y];
    });
  }
}

function isFinitePoint(point: Keypoint): boolean {
  return point.every(Number.isFinite);
}
