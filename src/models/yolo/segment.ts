/** Reads the boxes and masks of a segmentation model. Worker threads. */
import type { MaskRle, Point, Polygon } from '../../protocol.ts';
import type { Placement } from '../image.ts';
import type { Tensor } from '../model.ts';
import { type ColumnView, viewColumns } from './box-decoder.ts';
import type { Reading, Run } from './box-reader.ts';
import { ContourTracer, type Ring } from './contours.ts';
import { UprightReader } from './detect.ts';
import { clamp, type FrameBox, type Size } from './frame-box.ts';
import { type Axis, type Bitmap, cellsOf, createAxis, type LogitGrid, MaskRenderer, type Span } from './mask-grid.ts';
import { outlineOf } from './outline.ts';
import type { Columns } from './output-format.ts';
import { encodeRunLengths } from './run-length.ts';

export interface SegmentOptions {
  /** Coefficients of each row. */
  readonly columns: Columns;
  /** Output with the prototypes. */
  readonly prototypes: string;
  /** The model's input in pixels. */
  readonly input: Size;
  /** How far a polygon may be from the outline of its mask, in input pixels. */
  readonly tolerance: number;
  /** Whether to add the mask itself, at the frame's resolution. */
  readonly hasMask: boolean;
  /** Whether the mask is cut at the box before it is enlarged, as in v5's `process_mask`. Ultralytics enlarges it first. */
  readonly isCutFirst: boolean;
}

/**
 * Work for the masks of one frame, in pixels that are rendered for polygons and for `mask`. Objects that follow, whose scores are lower,
 * are reported without a mask: a model that finds its whole input a thousand times would keep a worker busy for a minute.
 */
const maxMaskPixels = 50_000_000;
/** What else takes as long as a pixel: this many weighted prototypes of a cell, … */
const productsPerPixel = 32;
/** … or, as that many pixels, a corner of an outline before it is simplified. */
const pixelsPerCorner = 32;

interface Axes {
  readonly x: Axis;
  readonly y: Axis;
}

/**
 * A mask is the sum of the model's prototypes, weighted by the coefficients of a box; above 0 is the object. It is computed only
 * inside the box, and cut off at the box.
 */
export class SegmentReader extends UprightReader {
  readonly #options: SegmentOptions;
  readonly #renderer = new MaskRenderer();
  readonly #tracer = new ContourTracer();
  #inputAxes: Axes | undefined;
  #frameAxes: Axes | undefined;
  /** Work of this run; see `maxMaskPixels`. */
  #pixels = 0;
  #coefficients: ColumnView | undefined;
  #logits = new Float32Array(0);

  constructor(options: SegmentOptions) {
    super();
    this.#options = options;
  }

  override begin(run: Run): void {
    super.begin(run);
    this.#coefficients = viewColumns(run.outputs, this.#options.columns);
    this.#inputAxes = this.#axesOf(this.#options.input, { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 });
    this.#frameAxes = this.#options.hasMask ? this.#axesOf(run.frame, run.placement) : undefined;
    this.#pixels = 0;
  }

  override read(index: number): Reading | undefined {
    const box = this.boxOf(index);
    if (this.#pixels > maxMaskPixels) return box;
    const mask = this.maskAt(index);
    if (box === undefined || mask === undefined) return undefined;
    const { placement, frame } = this.run;
    const rings = this.#tracer.trace(mask);
    for (const ring of rings) this.#pixels += (ring.length / 2) * pixelsPerCorner;
    const polygons = outlineOf(rings, this.#options.tolerance).map((ring) => polygonOf(ring, placement, frame));
    if (polygons.length === 0) return undefined;
    return { ...box, polygons, ...(this.#options.hasMask ? { mask: this.#frameMaskAt(index, box) } : {}) };
  }

  /** The mask inside a candidate's box, in pixels of the model's input. Valid until the next call. */
  maskAt(index: number): Bitmap | undefined {
    const { x1, y1, x2, y2 } = this.run.candidates;
    const { width, height } = this.#options.input;
    const [growX, growY] = this.#options.isCutFirst ? this.#cellSize() : [0, 0];
    const across = pixelsBetween((x1[index] as number) - growX, (x2[index] as number) + growX, width);
    const down = pixelsBetween((y1[index] as number) - growY, (y2[index] as number) + growY, height);
    return this.#render(index, this.#inputAxes as Axes, across, down);
  }

  #frameMaskAt(index: number, { x, y, w, h }: FrameBox): MaskRle {
    const { frame } = this.run;
    const across = pixelsBetween(x, x + w, frame.width);
    const down = pixelsBetween(y, y + h, frame.height);
    const mask = this.#render(index, this.#frameAxes as Axes, across, down);
    return encodeRunLengths(mask ?? { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) }, frame);
  }

  /** @param placement of `size` in the model's input. */
  #axesOf(size: Size, { scaleX, scaleY, offsetX, offsetY }: Omit<Placement, 'width' | 'height'>): Axes {
    const [, , rows, columns] = this.#prototypes.dims as [number, number, number, number];
    const [cellX, cellY] = this.#cellSize();
    return {
      x: createAxis(size.width, columns, scaleX / cellX, offsetX / cellX),
      y: createAxis(size.height, rows, scaleY / cellY, offsetY / cellY),
    };
  }

  /** Input pixels per cell of the prototypes. */
  #cellSize(): [x: number, y: number] {
    const { input } = this.#options;
    const [, , rows, columns] = this.#prototypes.dims as [number, number, number, number];
    return [input.width / columns, input.height / rows];
  }

  get #prototypes(): Tensor {
    const tensor = this.run.outputs[this.#options.prototypes];
    if (tensor === undefined) throw new Error(`the model returned no output ${this.#options.prototypes}`);
    return tensor;
  }

  #render(index: number, { x, y }: Axes, across: Span, down: Span): Bitmap | undefined {
    if (across.from >= across.to || down.from >= down.to) return undefined;
    this.#pixels += (across.to - across.from) * (down.to - down.from);
    const logits = this.#logitsOf(index, cellsOf(x, across), cellsOf(y, down));
    if (this.#options.isCutFirst) this.#cutCells(index, logits);
    return this.#renderer.render(logits, x, y, across, down);
  }

  /** The weighted sum of the prototypes, for some of their cells. */
  #logitsOf(index: number, columns: Span, rows: Span): LogitGrid {
    const { data, dims } = this.#prototypes;
    const [, count, gridRows, gridColumns] = dims as [number, number, number, number];
    const { data: values, at, rowStep, columnStep } = this.#coefficients as ColumnView;
    const first = at + (this.run.candidates.row[index] as number) * rowStep;
    const width = columns.to - columns.from;
    const size = width * (rows.to - rows.from);
    this.#pixels += (size * count) / productsPerPixel;
    if (this.#logits.length < size) this.#logits = new Float32Array(size);
    const logits = this.#logits;
    logits.fill(0, 0, size);
    for (let prototype = 0; prototype < count; prototype++) {
      const coefficient = values[first + prototype * columnStep] as number;
      for (let row = rows.from; row < rows.to; row++) {
        const from = (prototype * gridRows + row) * gridColumns + columns.from;
        const to = (row - rows.from) * width;
        for (let cell = 0; cell < width; cell++) {
          logits[to + cell] = (logits[to + cell] as number) + coefficient * (data[from + cell] as number);
        }
      }
    }
    return { columns, rows, data: logits };
  }

  /** Turns logits into probabilities less 0.5, and clears the cells outside the box. */
  #cutCells(index: number, { columns, rows, data }: LogitGrid): void {
    const { x1, y1, x2, y2 } = this.run.candidates;
    const [cellX, cellY] = this.#cellSize();
    const [left, right] = [(x1[index] as number) / cellX, (x2[index] as number) / cellX];
    const [top, bottom] = [(y1[index] as number) / cellY, (y2[index] as number) / cellY];
    let at = 0;
    for (let row = rows.from; row < rows.to; row++) {
      for (let column = columns.from; column < columns.to; column++, at++) {
        const isInside = column >= left && column < right && row >= top && row < bottom;
        data[at] = isInside ? 1 / (1 + Math.exp(-(data[at] as number))) + outside : outside;
      }
    }
  }
}

/** Outside is as far below 0 as a probability can be below 0.5. */
const outside = -0.5;

/** Pixels from `low` to below `high`, as Ultralytics' `crop_mask` compares them. */
function pixelsBetween(low: number, high: number, count: number): Span {
  return { from: Math.max(0, Math.ceil(low)), to: Math.min(count, Math.ceil(high)) };
}

function polygonOf(ring: Ring, { scaleX, scaleY, offsetX, offsetY }: Placement, frame: Size): Polygon {
  return Array.from({ length: ring.length / 2 }, (_, point): Point => {
    const x = clamp(((ring[2 * point] as number) - offsetX) / scaleX, frame.width);
    const y = clamp(((ring[2 * point + 1] as number) - offsetY) / scaleY, frame.height);
    return [x, y];
  });
}
