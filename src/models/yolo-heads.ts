/** Reads the raw output of a YOLO export into candidate boxes. Worker threads. */
import { type Candidates, createCandidates } from './nms.ts';
import type { TensorShape } from './onnx-model.ts';

/**
 * A YOLO output's layout.
 * `ultralytics`: `[1, 4 + classes, N]`, rows of centre x, centre y, width, height in input pixels, then one score a class
 * after the sigmoid (Ultralytics v8, v11, v12 exports without NMS).
 */
export interface YoloHead {
  readonly layout: 'ultralytics';
  readonly classes: number;
}

/** Number of rows before the class scores: centre x, centre y, width, height. */
const boxRows = 4;

/**
 * Recognises a head from an output's declared shape.
 * @param classNames how many classes the metadata names, where it does.
 * @returns the head, or why the shape fits none.
 */
export function recogniseHead(
  output: TensorShape,
  classNames: number | undefined,
): YoloHead | { readonly fault: string } {
  const expected = 'expected [1, 4 + classes, boxes], as Ultralytics exports detectors without NMS';
  const [batch, rows, boxes] = output.dims;
  const fault = { fault: `output ${output.name} has shape [${output.dims.join(', ')}]; ${expected}` };
  if (output.dims.length !== 3 || batch !== 1 || typeof rows !== 'number') return fault;
  const classes = rows - boxRows;
  if (classes < 1 || (typeof boxes === 'number' && boxes < rows)) return fault;
  if (classNames !== undefined && classNames !== classes) {
    return { fault: `output ${output.name} has ${classes} classes, but the model names ${classNames}` };
  }
  return { layout: 'ultralytics', classes };
}

/** Reused from frame to frame, so that decoding allocates nothing. */
export class HeadDecoder {
  readonly #head: YoloHead;
  readonly #candidates: Candidates;

  constructor(head: YoloHead, boxes: number) {
    this.#head = head;
    this.#candidates = createCandidates(boxes);
  }

  /**
   * Collects the boxes whose best class scores at least `scoreThreshold`.
   * @param output float32 `[1, 4 + classes, boxes]`.
   * @returns corners in input pixels; valid until the next call.
   */
  decode(output: Float32Array, boxes: number, scoreThreshold: number): Candidates {
    const found = this.#candidates;
    found.count = 0;
    const capacity = found.score.length;
    for (let box = 0; box < boxes && found.count < capacity; box++) {
      let score = output[boxRows * boxes + box] as number;
      let classIndex = 0;
      for (let other = 1; other < this.#head.classes; other++) {
        const value = output[(boxRows + other) * boxes + box] as number;
        if (value > score) {
          score = value;
          classIndex = other;
        }
      }
      if (!(score >= scoreThreshold)) continue;
      const centreX = output[box] as number;
      const centreY = output[boxes + box] as number;
      const halfWidth = (output[2 * boxes + box] as number) / 2;
      const halfHeight = (output[3 * boxes + box] as number) / 2;
      const at = found.count++;
      found.x1[at] = centreX - halfWidth;
      found.y1[at] = centreY - halfHeight;
      found.x2[at] = centreX + halfWidth;
      found.y2[at] = centreY + halfHeight;
      found.score[at] = score;
      found.classIndex[at] = classIndex;
    }
    return found;
  }
}
