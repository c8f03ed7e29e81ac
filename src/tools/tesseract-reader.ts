/** Reads lines and pages with tesseract.js, which runs on a thread of its own beside the worker. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createWorker, OEM, PSM, type Worker as TesseractWorker } from 'tesseract.js';
import type { Reading } from '../models/ctc.ts';
import type { Image } from '../models/image.ts';
import type { ModelInfo } from '../models/onnx-model.ts';
import type { Region } from '../models/tensor-image.ts';
import type { Detection } from '../protocol.ts';

/** Everything tesseract found on a page. */
export interface PageReading extends Reading {
  readonly lines: readonly Detection[];
}

/** Confidences come in per cent. */
const perCent = 100;

/** What page readers are tuned for. */
const dotsPerInch = '300';

/** The language data as an npm package: nothing is fetched, and nothing is cached in the working directory. */
const languageDir = join(
  dirname(createRequire(import.meta.url).resolve('@tesseract.js-data/eng/package.json')),
  '4.0.0_best_int',
);

export class TesseractReader {
  readonly models: readonly ModelInfo[] = [{ name: 'tesseract-eng', provider: 'wasm' }];
  readonly #worker: TesseractWorker;
  #mode: PSM | undefined;

  private constructor(worker: TesseractWorker) {
    this.#worker = worker;
  }

  static async create(): Promise<TesseractReader> {
    const options = { langPath: languageDir, cacheMethod: 'none', gzip: true, errorHandler: () => undefined };
    const worker = await createWorker('eng', OEM.LSTM_ONLY, options);
    // Frames carry no resolution; without one tesseract guesses it, and says so on standard error for every frame.
    await worker.setParameters({ user_defined_dpi: dotsPerInch });
    return new TesseractReader(worker);
  }

  /** Reads a region as one line of text. */
  async readLine(image: Image, region: Region): Promise<Reading> {
    await this.#use(PSM.SINGLE_LINE);
    const { data } = await this.#worker.recognize(encodeGrey(image, region), {}, { text: true });
    return { text: data.text.trim(), score: data.confidence / perCent };
  }

  /** Reads a whole picture of any number of lines. */
  async readPage(image: Image): Promise<PageReading> {
    await this.#use(PSM.AUTO);
    const whole = { x: 0, y: 0, w: image.width, h: image.height };
    const { data } = await this.#worker.recognize(encodeGrey(image, whole), {}, { text: true, blocks: true });
    const lines = (data.blocks ?? [])
      .flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines))
      .map(({ text, confidence, bbox }) => ({
        x: bbox.x0,
        y: bbox.y0,
        w: bbox.x1 - bbox.x0,
        h: bbox.y1 - bbox.y0,
        label: 'line',
        score: confidence / perCent,
        text: text.trim(),
        text_score: confidence / perCent,
      }));
    return { text: data.text.trim(), score: data.confidence / perCent, lines };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #use(mode: PSM): Promise<void> {
    if (this.#mode === mode) return;
    await this.#worker.setParameters({ tessedit_pageseg_mode: mode });
    this.#mode = mode;
  }
}

/** Tesseract takes encoded pictures: PGM is a line of text and the grey samples, so encoding is one copy. */
function encodeGrey(image: Image, region: Region): Buffer {
  const left = Math.floor(region.x);
  const top = Math.floor(region.y);
  const width = Math.max(1, Math.min(image.width - left, Math.round(region.w)));
  const height = Math.max(1, Math.min(image.height - top, Math.round(region.h)));
  const header = Buffer.from(`P5\n${width} ${height}\n255\n`, 'latin1');
  const bytes = Buffer.alloc(header.length + width * height);
  header.copy(bytes);
  const { data, channels } = image;
  for (let row = 0, to = header.length; row < height; row++) {
    let from = ((top + row) * image.width + left) * channels;
    for (let column = 0; column < width; column++, from += channels) {
      bytes[to++] = channels === 1 ? (data[from] as number) : luma(data, from);
    }
  }
  return bytes;
}

/** ITU-R BT.601 in eight bits. */
function luma(data: Uint8Array, at: number): number {
  return (77 * (data[at] as number) + 150 * (data[at + 1] as number) + 29 * (data[at + 2] as number)) >> 8;
}
