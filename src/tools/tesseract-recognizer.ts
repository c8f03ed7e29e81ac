/** Recognizes lines and pages with tesseract.js, which runs in its own thread next to the worker. */
import { type Page, PSM } from 'tesseract.js';
import type { Image } from '../models/image.ts';
import type { ModelInfo } from '../models/model-info.ts';
import type { Recognition } from '../models/ocr/ctc.ts';
import type { Region } from '../models/resampling.ts';
import type { Detection, Point, Quad } from '../protocol.ts';
import { TesseractThread } from './tesseract-thread.ts';

/** The text of a page and its lines. */
export interface PageRecognition extends Recognition {
  readonly lines: readonly Detection[];
}

/** Tesseract reports confidence as a percentage. */
const percent = 100;

export class TesseractRecognizer {
  readonly models: readonly ModelInfo[] = [{ name: 'tesseract-eng', provider: 'wasm' }];
  readonly #thread: TesseractThread;

  private constructor(thread: TesseractThread) {
    this.#thread = thread;
  }

  static async create(): Promise<TesseractRecognizer> {
    return new TesseractRecognizer(await TesseractThread.create());
  }

  /** Recognizes a region as one line of text. */
  async recognizeLine(image: Image, region: Region): Promise<Recognition> {
    const encoded = encodeGray(image, region);
    const page = await this.#thread.recognize({ mode: PSM.SINGLE_LINE, encoded, options: {}, withBlocks: false });
    return recognitionOf(page.text, page.confidence);
  }

  /** Recognizes a whole image with any number of lines. Tesseract deskews tilts of a few degrees first. */
  async recognizePage(image: Image): Promise<PageRecognition> {
    const encoded = encodeGray(image, { x: 0, y: 0, w: image.width, h: image.height });
    const page = await this.#thread.recognize({
      mode: PSM.AUTO,
      encoded,
      options: { rotateAuto: true },
      withBlocks: true,
    });
    const lines = linesOf(page).map(({ text, confidence, bbox }): Detection => {
      const recognition = recognitionOf(text, confidence);
      const box = boxInFrame(bbox, page.rotateRadians ?? 0, image);
      return {
        ...box,
        label: 'line',
        score: confidence / percent,
        text: recognition.text,
        text_score: recognition.score,
      };
    });
    return { ...recognitionOf(page.text, page.confidence), lines };
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

function recognitionOf(text: string, confidence: number): Recognition {
  const trimmed = text.trim();
  return { text: trimmed, score: trimmed === '' ? 0 : confidence / percent };
}

function linesOf({ blocks }: Page) {
  return (blocks ?? []).flatMap((block) => block.paragraphs.flatMap((paragraph) => paragraph.lines));
}

/** Converts a line's box to frame coordinates: tesseract reports it after rotating the page around its center. */
function boxInFrame(
  { x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number },
  radians: number,
  { width, height }: Image,
): Pick<Detection, 'x' | 'y' | 'w' | 'h' | 'quad'> {
  if (radians === 0) return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const rotateBack = (x: number, y: number): Point => {
    const [right, down] = [x - width / 2, y - height / 2];
    return [
      Math.min(width, Math.max(0, width / 2 + right * cos + down * sin)),
      Math.min(height, Math.max(0, height / 2 - right * sin + down * cos)),
    ];
  };
  const quad: Quad = [rotateBack(x0, y0), rotateBack(x1, y0), rotateBack(x1, y1), rotateBack(x0, y1)];
  const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y, quad };
}

/**
 * Encodes a region for tesseract, which takes image files. PGM is a text header and the gray samples, so encoding and decoding
 * are one copy each. BMP is slowest by far, since tesseract.js decodes and re-encodes it in JavaScript.
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

/** ITU-R BT.601 in 8-bit fixed point. */
function luma(data: Uint8Array, at: number): number {
  return (77 * (data[at] as number) + 150 * (data[at + 1] as number) + 29 * (data[at + 2] as number)) >> 8;
}
