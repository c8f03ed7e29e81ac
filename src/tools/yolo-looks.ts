/** How the YOLO tools that find boxes look at a frame: in which shape, and whether again. Worker threads. */
import type { Image } from '../models/image.ts';
import type { Model } from '../models/model.ts';
import { BoxDecoder } from '../models/yolo/box-decoder.ts';
import { type BoxReader, type ReportLimits, readDetections } from '../models/yolo/box-reader.ts';
import type { Size } from '../models/yolo/frame-box.ts';
import { bestShape } from '../models/yolo/input-shapes.ts';
import type { BoxPlan } from '../models/yolo/plan.ts';
import { Preprocessor } from '../models/yolo/preprocess.ts';
import type { Detection } from '../protocol.ts';
import type { Ports, PortValues, ToolInstance } from './tool.ts';

/** One size at which the model looks at frames. */
export class Look {
  readonly #model: Model;
  readonly #plan: BoxPlan;
  readonly #limits: ReportLimits;
  readonly #decoder: BoxDecoder;
  readonly #preprocessor: Preprocessor;
  readonly #reader: BoxReader;

  constructor(model: Model, plan: BoxPlan, limits: ReportLimits, reader: BoxReader) {
    this.#model = model;
    this.#plan = plan;
    this.#limits = limits;
    this.#decoder = new BoxDecoder(plan.format, plan.input);
    this.#preprocessor = new Preprocessor(plan.input, model);
    this.#reader = reader;
  }

  async detect(image: Image): Promise<Detection[]> {
    const { constants, input, names } = this.#plan;
    const { tensor, placement } = this.#preprocessor.preprocess(image);
    const outputs = await this.#model.run({ ...constants, [input.name]: tensor });
    const candidates = this.#decoder.decode(outputs, this.#limits.scoreThreshold);
    return readDetections(this.#reader, { outputs, candidates, placement, frame: image }, names, this.#limits);
  }
}

/** The sizes that are set up before the first frame: the first one, and that of most cameras. */
const sizesAtStart = 2;

/** A look at each of several sizes, of which a frame gets the one that suits its shape. */
export class Looks {
  readonly #sizes: readonly Size[];
  readonly #lookAt: (size: Size) => Promise<Look>;
  readonly #looks = new Map<Size, Look>();

  private constructor(sizes: readonly Size[], lookAt: (size: Size) => Promise<Look>) {
    this.#sizes = sizes;
    this.#lookAt = lookAt;
  }

  /** @throws Error if the model does not take the sizes. */
  static async create(sizes: readonly Size[], lookAt: (size: Size) => Promise<Look>): Promise<Looks> {
    const looks = new Looks(sizes, lookAt);
    for (const size of sizes.slice(0, sizesAtStart)) await looks.#at(size);
    return looks;
  }

  async detect(image: Image): Promise<Detection[]> {
    return (await this.#at(bestShape(this.#sizes, image))).detect(image);
  }

  async #at(size: Size): Promise<Look> {
    const known = this.#looks.get(size);
    if (known !== undefined) return known;
    const look = await this.#lookAt(size);
    this.#looks.set(size, look);
    return look;
  }
}

/** The second look, at half the size, and the score from which a detection of the first one is so certain that there is none. */
export interface SecondLook {
  readonly looks: Looks;
  readonly certainScore: number;
  readonly maxDetections: number;
}

export class BoxTool implements ToolInstance {
  readonly #first: Looks;
  readonly #second: SecondLook | undefined;
  readonly #keypointNames: readonly string[] | undefined;

  constructor(first: Looks, second: SecondLook | undefined, keypointNames: readonly string[] | undefined) {
    this.#first = first;
    this.#second = second;
    this.#keypointNames = keypointNames;
  }

  async run({ image }: Ports): Promise<PortValues> {
    return {
      detections: await this.#detect(image),
      ...(this.#keypointNames && { keypoint_names: this.#keypointNames }),
    };
  }

  async #detect(image: Image): Promise<Detection[]> {
    const found = await this.#first.detect(image);
    const second = this.#second;
    if (second === undefined || found.some(({ score }) => score >= second.certainScore)) return found;
    return withLarge(found, largeOnly(await second.looks.detect(image), image)).slice(0, second.maxDetections);
  }
}

/**
 * Least width or height of an object of the second look, as a share of the image's. Smaller ones are seen better at full size: if the
 * first look did not find them, they are mistakes.
 */
const minSecondShare = 0.25;

/** The detections that are so large that the first look may have missed them. Exported for tests. */
export function largeOnly(detections: readonly Detection[], { width, height }: Size): Detection[] {
  return detections.filter(({ w, h }) => w >= minSecondShare * width || h >= minSecondShare * height);
}

/** Adds large detections, and leaves out pieces of them. Best score first. Exported for tests. */
export function withLarge(found: readonly Detection[], large: readonly Detection[]): Detection[] {
  const others = found.filter((detection) => !large.some((whole) => isPartOf(detection, whole)));
  return [...large, ...others].sort((a, b) => b.score - a.score);
}

/** Whether a detection is a piece of a larger one, or the same. */
function isPartOf({ label, x, y, w, h }: Detection, whole: Detection): boolean {
  const isInside = (center: number, start: number, length: number) => center >= start && center <= start + length;
  return label === whole.label && isInside(x + w / 2, whole.x, whole.w) && isInside(y + h / 2, whole.y, whole.h);
}
