/** Traces the outer rings of a mask. Worker threads. */
import type { Bitmap } from './mask-grid.ts';

/** Coordinates x, y, x, y … of the corners of a ring, clockwise on the image; the last point joins the first. */
export type Ring = readonly number[];

/** Marks of pixels: their left or right edge belongs to a ring that has been traced. */
const leftEdge = 1;
const rightEdge = 2;

/** Steps to the next corner by direction: east, south, west, north. */
const stepX = [1, 0, -1, 0] as const;
const stepY = [0, 1, 0, -1] as const;
const [east, south, north] = [0, 1, 3] as const;

/** Reuses its buffer. */
export class ContourTracer {
  #marks = new Uint8Array(0);

  /**
   * Follows the edges between pixels, so a ring encloses exactly its pixels. Pixels that touch at a corner belong together, as in
   * OpenCV's `findContours`. Holes, and parts inside them, have no rings.
   * @returns rings in the coordinates of the whole image.
   */
  trace(mask: Bitmap): Ring[] {
    const { width, height } = mask;
    if (this.#marks.length < width * height) this.#marks = new Uint8Array(width * height);
    else this.#marks.fill(0, 0, width * height);
    const rings: Ring[] = [];
    for (let y = 0; y < height; y++) this.#scanRow(mask, y, rings);
    return rings;
  }

  #scanRow(mask: Bitmap, y: number, rings: Ring[]): void {
    const { width, data } = mask;
    const marks = this.#marks;
    let isInside = false;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const isStart = data[at] === 1 && (x === 0 || data[at - 1] === 0);
      if (isStart && !isInside && marks[at] === 0) rings.push(this.#follow(mask, x, y));
      const mark = marks[at] as number;
      if (mark !== 0) isInside = (mark & rightEdge) === 0;
    }
  }

  /** Walks with the object on the right-hand side, from the top left corner of its first pixel. */
  #follow({ x: originX, y: originY, width, height, data }: Bitmap, startX: number, startY: number): Ring {
    const isObject = (column: number, row: number) =>
      column >= 0 && row >= 0 && column < width && row < height && data[row * width + column] === 1;
    const ring: number[] = [originX + startX, originY + startY];
    let [x, y, direction]: [number, number, number] = [startX, startY, east];
    do {
      if (direction === north) this.#mark(y - 1, x, width, leftEdge);
      else if (direction === south) this.#mark(y, x - 1, width, rightEdge);
      x += stepX[direction] as number;
      y += stepY[direction] as number;
      const next = turn(isObject, x, y, direction);
      if (next !== direction && !(x === startX && y === startY && next === east)) ring.push(originX + x, originY + y);
      direction = next;
    } while (x !== startX || y !== startY || direction !== east);
    return ring;
  }

  #mark(row: number, column: number, width: number, edge: number): void {
    const at = row * width + column;
    this.#marks[at] = (this.#marks[at] as number) | edge;
  }
}

/** The direction in which the outline goes on at a corner. */
function turn(isObject: (column: number, row: number) => boolean, x: number, y: number, direction: number): number {
  // The pixels ahead on the left and on the right.
  const [dx, dy] = [stepX[direction] as number, stepY[direction] as number];
  const aheadX = x + (dx - 1) / 2;
  const aheadY = y + (dy - 1) / 2;
  // The right-hand side of the direction (dx, dy) is (-dy, dx).
  if (isObject(aheadX + dy / 2, aheadY - dx / 2)) return (direction + 3) % 4;
  return isObject(aheadX - dy / 2, aheadY + dx / 2) ? direction : (direction + 1) % 4;
}
