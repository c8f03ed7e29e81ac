/** The plate pipeline of both Node peers, independent of the gateway's code. Runs on the main thread or a piscina worker. */

import { detect } from './detector.ts';
import { type Decoder, decodeJpeg, type Image } from './image.ts';
import { type DetectorModel, openDetector, type RecognizerName } from './models.ts';
import { createRecognizer, type Recognize } from './recognizer.ts';

export interface PipelineOptions {
  readonly recognizer: RecognizerName;
  readonly decoder: Decoder;
  /** Threads per run of ONNX Runtime; 0 for its default. */
  readonly ortThreads: number;
}

/** One frame's result, in the gateway's format. */
export interface Result {
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Record<string, number | string>[];
  readonly timings_ms: Readonly<Record<string, number>>;
}

export class PlatePipeline {
  readonly #detector: DetectorModel;
  readonly #recognize: Recognize;
  readonly #decoder: Decoder;

  private constructor(detector: DetectorModel, recognize: Recognize, decoder: Decoder) {
    this.#detector = detector;
    this.#recognize = recognize;
    this.#decoder = decoder;
  }

  /** Loads the models and runs each once, since the first run is slower. */
  static async load({ recognizer, decoder, ortThreads }: PipelineOptions): Promise<PlatePipeline> {
    const detector = await openDetector(ortThreads);
    const recognize = await createRecognizer(recognizer, ortThreads);
    const blank: Image = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3) };
    await detect(detector, blank);
    await recognize(blank, { x: 0, y: 0, w: 180, h: 40 });
    return new PlatePipeline(detector, recognize, decoder);
  }

  /** @throws Error `invalidFrame` when the frame cannot be decoded. */
  async run(frame: Uint8Array): Promise<Result> {
    const start = performance.now();
    const image = decodeJpeg(frame, this.#decoder);
    const decoded = performance.now();
    const boxes = await detect(this.#detector, image);
    const detected = performance.now();
    const detections = [];
    for (const box of boxes) {
      const { text, score } = await this.#recognize(image, box);
      detections.push({
        x: round(box.x, 1),
        y: round(box.y, 1),
        w: round(box.w, 1),
        h: round(box.h, 1),
        label: 'plate',
        score: round(box.score, 4),
        text,
        text_score: round(score, 4),
      });
    }
    const end = performance.now();
    const timings = { decode: decoded - start, detect: detected - decoded, read: end - detected, total: end - start };
    return {
      width: image.width,
      height: image.height,
      detections,
      timings_ms: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, round(ms, 2)])),
    };
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
