/** Reads the rotated boxes of an OBB model. Worker threads. */
import type { Point, Quad } from '../../protocol.ts';
import { type ColumnView, viewColumns } from './box-decoder.ts';
import type { BoxReader, Reading, Run } from './box-reader.ts';
import type { Candidates } from './candidates.ts';
import { toFrameBox } from './frame-box.ts';
import type { Columns } from './output-format.ts';
import { gaussianOf, suppressRotated } from './rotated-nms.ts';

/** A rotated box in input pixels; `angle` of the side `w`, in radians from the x axis, clockwise on the image. */
interface RotatedBox {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly angle: number;
}

export class RotatedReader implements BoxReader {
  readonly #columns: Columns;
  #run: Run | undefined;
  #angles: ColumnView | undefined;

  /** @param columns the angle of each row, in radians. */
  constructor(columns: Columns) {
    this.#columns = columns;
  }

  begin(run: Run): void {
    this.#run = run;
    this.#angles = viewColumns(run.outputs, this.#columns);
  }

  isOnFrame(index: number): boolean {
    const { placement, frame } = this.#run as Run;
    const box = this.#boxAt(index);
    // Two wrong signs could make bounds that look right.
    return box.w > 0 && box.h > 0 && toFrameBox(boundsOf(box), placement, frame) !== undefined;
  }

  read(index: number): Reading | undefined {
    const { placement, frame } = this.#run as Run;
    const box = this.#boxAt(index);
    const upright = toFrameBox(boundsOf(box), placement, frame);
    const { scaleX, scaleY, offsetX, offsetY } = placement;
    const quad = cornersOf(box).map(
      ([x, y]): Point => [(x - offsetX) / scaleX, (y - offsetY) / scaleY],
    ) as unknown as Quad;
    return upright && { ...upright, quad: fromTopLeft(quad), angle: directionOf(quad) };
  }

  suppress(candidates: Candidates, iouThreshold: number, maxDetections: number, isIncluded = (_: number) => true) {
    const gaussianAt = (index: number) => {
      const { x, y, w, h, angle } = this.#boxAt(index);
      return gaussianOf(x, y, w, h, angle);
    };
    return suppressRotated(candidates, gaussianAt, iouThreshold, maxDetections, isIncluded);
  }

  /** The decoder returns a rotated box as if it were upright around its center. */
  #boxAt(index: number): RotatedBox {
    const { candidates } = this.#run as Run;
    const { data, at, rowStep } = this.#angles as ColumnView;
    const x1 = candidates.x1[index] as number;
    const y1 = candidates.y1[index] as number;
    const x2 = candidates.x2[index] as number;
    const y2 = candidates.y2[index] as number;
    const angle = data[at + (candidates.row[index] as number) * rowStep] as number;
    return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, w: x2 - x1, h: y2 - y1, angle };
  }
}

/** Clockwise on the image, from the corner that is at the top left before the rotation. */
function cornersOf({ x, y, w, h, angle }: RotatedBox): Quad {
  const [cos, sin] = [Math.cos(angle) / 2, Math.sin(angle) / 2];
  const corner = (along: number, across: number): Point => [
    x + along * w * cos - across * h * sin,
    y + along * w * sin + across * h * cos,
  ];
  return [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
}

function boundsOf({ x, y, w, h, angle }: RotatedBox): { x1: number; y1: number; x2: number; y2: number } {
  const cos = Math.abs(Math.cos(angle)) / 2;
  const sin = Math.abs(Math.sin(angle)) / 2;
  const reachX = w * cos + h * sin;
  const reachY = w * sin + h * cos;
  return { x1: x - reachX, y1: y - reachY, x2: x + reachX, y2: y + reachY };
}

/** Starts a clockwise quad at the corner that is nearest to the top left, so that text in a slightly tilted box reads from there. */
function fromTopLeft(quad: Quad): Quad {
  const first = quad.reduce((best, [x, y], index) => (x + y < sumOf(quad[best] as Point) ? index : best), 0);
  return [0, 1, 2, 3].map((corner) => quad[(first + corner) % 4]) as unknown as Quad;
}

function sumOf([x, y]: Point): number {
  return x + y;
}

/** The direction of a box's sides on the frame, which differs from that in a stretched input. Quarter turns look the same. */
function directionOf([[x1, y1], [x2, y2]]: Quad): number {
  const quarter = Math.PI / 2;
  return (Math.atan2(y2 - y1, x2 - x1) + Math.PI) % quarter;
}
