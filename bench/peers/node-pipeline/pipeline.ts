/** The plate pipeline of both Node peers, written without the gateway's code. The main thread or a piscina worker. */

import { detect } from './detector.ts';
import { type DetectorModel, openDetector, type ReaderName } from './models.ts';
import { type Decoder, decodeJpeg, type Picture } from './picture.ts';
import { createReader, type ReadPlate } from './reader.ts';

export interface PipelineOptions {
  readonly reader: ReaderName;
  readonly decoder: Decoder;
  /** Threads of ONNX Runtime in one run; 0 for its own choice. */
  readonly ortThreads: number;
}

/** One frame's answer, in the shape of the gateway's. */
export interface Result {
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Record<string, number | string>[];
  readonly timings_ms: Readonly<Record<string, number>>;
}

export class PlatePipeline {
  readonly #detector: DetectorModel;
  readonly #read: ReadPlate;
  readonly #decoder: Decoder;

  private constructor(detector: DetectorModel, read: ReadPlate, decoder: Decoder) {
    this.#detector = detector;
    this.#read = read;
    this.#decoder = decoder;
  }

  /** Loads the models and runs each once, since the first run is slower. */
  static async load({ reader, decoder, ortThreads }: PipelineOptions): Promise<PlatePipeline> {
    const detector = await openDetector(ortThreads);
    const read = await createReader(reader, ortThreads);
    const blank: Picture = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3) };
    await detect(detector, blank);
    await read(blank, { x: 0, y: 0, w: 180, h: 40 });
    return new PlatePipeline(detector, read, decoder);
  }

  /** @throws Error `invalidFrame` when the frame cannot be decoded. */
  async run(frame: Uint8Array): Promise<Result> {
    const start = performance.now();
    const picture = decodeJpeg(frame, this.#decoder);
    const decoded = performance.now();
    const boxes = await detect(this.#detector, picture);
    const detected = performance.now();
    const detections = [];
    for (const box of boxes) {
      const { text, score } = await this.#read(picture, box);
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
      width: picture.width,
      height: picture.height,
      detections,
      timings_ms: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, round(ms, 2)])),
    };
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
