/** Reads lines and pages with tesseract.js, which runs on a thread of its own beside the worker. */
import { type Page, PSM } from 'tesseract.js';
import type { Reading } from '../models/ctc.ts';
import type { Image } from '../models/image.ts';
import type { ModelInfo } from '../models/onnx-model.ts';
import type { Region } from '../models/resampling.ts';
import type { Detection, Point, Quad } from '../protocol.ts';
import { TesseractThread } from './tesseract-thread.ts';

/** Everything tesseract found on a page. */
export interface PageReading extends Reading {
  readonly lines: readonly Detection[];
}

/** Confidences come in per cent. */
const perCent = 100;

export class TesseractReader {
  readonly models: readonly ModelInfo[] = [{ name: 'tesseract-eng', provider: 'wasm' }];
  readonly #thread: TesseractThread;

  private constructor(thread: TesseractThread) {
    this.#thread = thread;
  }

  static async create(): Promise<TesseractReader> {
    return new TesseractReader(await TesseractThread.create());
  }

  /** Reads a region as one line of text. */
  async readLine(image: Image, region: Region): Promise<Reading> {
    const picture = encodeGray(image, region);
    const page = await this.#thread.recognize({ mode: PSM.SINGLE_LINE, picture, options: {}, places: false });
    return readingOf(page.text, page.confidence);
  }

  /** Reads a whole picture of any number of lines; one that leans by a few degrees is straightened first. */
  async readPage(image: Image): Promise<PageReading> {
    const picture = encodeGray(image, { x: 0, y: 0, w: image.width, h: image.height });
    const page = await this.#thread.recognize({
      mode: PSM.AUTO,
      picture,
      options: { rotateAuto: true },
      places: true,
    });
    const lines = linesOf(page).map(({ text, confidence, bbox }): Detection => {
      const reading = readingOf(text, confidence);
      const place = placeOf(bbox, page.rotateRadians ?? 0, image);
      return { ...place, label: 'line', score: confidence / perCent, text: reading.text, text_score: reading.score };
    });
    return { ...readingOf(page.text, page.confidence), lines };
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

function readingOf(text: string, confidence: number): Reading {
  const trimmed = text.trim();
  return { text: trimmed, score: trimmed === '' ? 0 : confidence / perCent };
}

function linesOf({ blocks }: Page) {
  return (blocks ?? []).flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines));
}

/** Where a line is in the frame: tesseract tells its box after it has turned the page around its middle. */
function placeOf(
  { x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number },
  radians: number,
  { width, height }: Image,
): Pick<Detection, 'x' | 'y' | 'w' | 'h' | 'quad'> {
  if (radians === 0) return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const turnBack = (x: number, y: number): Point => {
    const [right, down] = [x - width / 2, y - height / 2];
    return [
      Math.min(width, Math.max(0, width / 2 + right * cos + down * sin)),
      Math.min(height, Math.max(0, height / 2 - right * sin + down * cos)),
    ];
  };
  const quad: Quad = [turnBack(x0, y0), turnBack(x1, y0), turnBack(x1, y1), turnBack(x0, y1)];
  const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y, quad };
}

/**
 * Tesseract takes encoded pictures. PGM is a line of text and the grey samples, so encoding is one copy and decoding
 * another; BMP is slowest by far, since tesseract.js decodes and encodes it in JavaScript.
 */
function encodeGray(image: Image, region: Region): Buffer {
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
