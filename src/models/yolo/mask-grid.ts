/** Renders a mask from low-resolution logits: bilinear interpolation, then everything above 0. Worker threads. */

/** For each pixel of an axis: the two cells that it lies between, and the weight of the second. */
export interface Axis {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
  /** First pixel behind the run of pixels that lie between the same two cells. */
  readonly runEnd: Int32Array;
}

/**
 * Samples as PyTorch's `F.interpolate(mode="bilinear")` does, without aligned corners.
 * @param pixels number of pixels.
 * @param cells number of cells.
 * @param scale cells per pixel.
 * @param offset cells before the first pixel.
 */
export function createAxis(pixels: number, cells: number, scale: number, offset: number): Axis {
  const first = new Int32Array(pixels);
  const second = new Int32Array(pixels);
  const weight = new Float32Array(pixels);
  const runEnd = new Int32Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = Math.min(cells - 1, Math.max(0, (pixel + 0.5) * scale + offset - 0.5));
    first[pixel] = Math.floor(at);
    second[pixel] = Math.min(cells - 1, Math.floor(at) + 1);
    weight[pixel] = at - Math.floor(at);
  }
  for (let pixel = pixels - 1; pixel >= 0; pixel--) {
    const isRunning = pixel + 1 < pixels && first[pixel] === first[pixel + 1];
    runEnd[pixel] = isRunning ? (runEnd[pixel + 1] as number) : pixel + 1;
  }
  return { first, second, weight, runEnd };
}

/** Whole numbers: the first and the one behind the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A part of a mask: 1 inside the object, 0 outside, row by row. */
export interface Bitmap {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** At least `width × height` values. */
  readonly data: Uint8Array;
}

/** The cells that a span of pixels lies between. */
export function cellsOf({ first, second }: Axis, { from, to }: Span): Span {
  return { from: first[from] as number, to: (second[to - 1] as number) + 1 };
}

/** Logits of a part of the grid, row by row. */
export interface LogitGrid {
  readonly columns: Span;
  readonly rows: Span;
  readonly data: Float32Array;
}

/** Reuses its buffers: a result is valid until the next call. */
export class MaskRenderer {
  #row = new Float32Array(0);
  #mask = new Uint8Array(0);

  /** Renders the pixels in `across` × `down`. */
  render(logits: LogitGrid, xAxis: Axis, yAxis: Axis, across: Span, down: Span): Bitmap {
    const [width, height] = [across.to - across.from, down.to - down.from];
    const cells = logits.columns.to - logits.columns.from;
    if (this.#mask.length < width * height) this.#mask = new Uint8Array(width * height);
    if (this.#row.length < cells) this.#row = new Float32Array(cells);
    for (let y = 0; y < height; y++) {
      this.#interpolateRow(logits, yAxis, down.from + y, cells);
      this.#fillRow(xAxis, across, logits.columns.from, y * width);
    }
    return { x: across.from, y: down.from, width, height, data: this.#mask };
  }

  #interpolateRow({ rows, data }: LogitGrid, { first, second, weight }: Axis, pixel: number, cells: number): void {
    const row = this.#row;
    const top = ((first[pixel] as number) - rows.from) * cells;
    const bottom = ((second[pixel] as number) - rows.from) * cells;
    const down = weight[pixel] as number;
    for (let cell = 0; cell < cells; cell++) {
      row[cell] = (data[top + cell] as number) * (1 - down) + (data[bottom + cell] as number) * down;
    }
  }

  /** Between two cells of the same sign every pixel has that sign, so only pixels at the outline are computed. */
  #fillRow({ first, second, weight, runEnd }: Axis, across: Span, firstCell: number, at: number): void {
    const [row, mask] = [this.#row, this.#mask];
    for (let x = across.from; x < across.to; ) {
      const end = Math.min(across.to, runEnd[x] as number);
      const left = row[(first[x] as number) - firstCell] as number;
      const right = row[(second[x] as number) - firstCell] as number;
      const isLeftIn = left > 0;
      const isPlain = isLeftIn === right > 0;
      // Runs are a few pixels long, for which a loop is faster than `fill`.
      for (; x < end; x++) {
        const part = weight[x] as number;
        mask[at + x - across.from] = (isPlain ? isLeftIn : left * (1 - part) + right * part > 0) ? 1 : 0;
      }
    }
  }
}
