/** `ocr.extract_text`: reads the text in each detected box, or on the whole picture where nothing was detected before. */
import { z } from 'zod';
import type { Reading } from '../models/ctc.ts';
import type { Crop } from '../models/ctc-reader.ts';
import type { Image } from '../models/image.ts';
import { findModel } from '../models/model-files.ts';
import { type CropMargin, findRecognizer, generalRecognizer, noMargin } from '../models/recognizers.ts';
import { isStanding, rectify, textSizeOf, tiltOf } from '../models/rectify.ts';
import type { Region } from '../models/resampling.ts';
import type { Detection } from '../protocol.ts';
import { defineTool, type Ports, type PortValues, type ToolContext, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** `ctc`: PP-OCRv4 recognition, one line a box. `tesseract`: tesseract.js, boxes or whole pages of several lines. */
  engine: z.enum(['ctc', 'tesseract']).default('ctc'),
  /** For `ctc`: `pp-ocrv4` for any text, or a recogniser in the models folder. */
  model: z.string().min(1).default(generalRecognizer),
  /** Only boxes with these labels are read. */
  labels: z.array(z.string()).min(1).optional(),
  /** A box grows by this part of its height on every side before it is read; left out, by what the recogniser asks for. */
  margin: z.number().min(0).max(1).optional(),
  /** At most so many boxes are read, the most certain first: a frame full of boxes must not take seconds. */
  max_boxes: z.number().int().min(1).max(1000).default(32),
});

type Params = z.infer<typeof paramsSchema>;
/** What concerns the boxes, not how they are read. */
type BoxParams = Omit<Params, 'engine' | 'model'>;

/** What an engine must be able to do. */
interface TextReader extends Omit<ToolInstance, 'run'> {
  /** What it wants to see around a box. */
  readonly margin: CropMargin;
  readLines(crops: readonly Crop[]): Promise<Reading[]>;
  readPage(image: Image): Promise<PortValues>;
}

/** A box that leans less than this many degrees is cut out as it lies. */
const uprightDegrees = 1;

class TextExtractor implements ToolInstance {
  readonly models: ToolInstance['models'] & {};
  readonly #reader: TextReader;
  readonly #params: BoxParams;

  constructor(reader: TextReader, params: BoxParams) {
    this.models = reader.models ?? [];
    this.#reader = reader;
    this.#params = params;
  }

  async run({ image, detections }: Ports): Promise<PortValues> {
    if (detections === undefined) return this.#reader.readPage(image);
    const chosen = this.#choose(detections);
    const readings = await this.#reader.readLines(chosen.map((detection) => this.#cropOf(image, detection)));
    const read = detections.map((detection) => {
      const reading = readings[chosen.indexOf(detection)];
      return reading === undefined ? detection : { ...detection, text: reading.text, text_score: reading.score };
    });
    return { detections: read };
  }

  async warm(): Promise<void> {
    await this.#reader.warm?.();
  }

  async close(): Promise<void> {
    await this.#reader.close?.();
  }

  #choose(detections: readonly Detection[]): readonly Detection[] {
    const { labels, max_boxes } = this.#params;
    const wanted = detections.filter(({ label }) => labels === undefined || labels.includes(label));
    return wanted.sort((a, b) => b.score - a.score).slice(0, max_boxes);
  }

  #cropOf(image: Image, { quad, ...box }: Detection): Crop {
    if (quad === undefined || !(tiltOf(quad) > uprightDegrees || isStanding(quad))) {
      return { image, region: regionAround(box, this.#marginOf(box), image) };
    }
    const straight = rectify(image, quad, this.#marginOf(textSizeOf(quad)));
    return { image: straight, region: { x: 0, y: 0, w: straight.width, h: straight.height } };
  }

  /** Parts of a box's width and height. */
  #marginOf({ w, h }: Pick<Region, 'w' | 'h'>): CropMargin {
    const { margin } = this.#params;
    return margin === undefined ? this.#reader.margin : { x: (margin * h) / Math.max(w, 1), y: margin };
  }
}

type Size = Pick<Image, 'width' | 'height'>;

/** Grows a box by parts of its width and height and cuts it at the picture's edges; at least a pixel is left. */
export function regionAround(box: Region, margin: CropMargin, image: Size): Region {
  const [growX, growY] = [box.w * margin.x, box.h * margin.y];
  const x = Math.min(image.width - 1, Math.max(0, box.x - growX));
  const y = Math.min(image.height - 1, Math.max(0, box.y - growY));
  const w = Math.max(1, Math.min(image.width, box.x + box.w + growX) - x);
  const h = Math.max(1, Math.min(image.height, box.y + box.h + growY) - y);
  return { x, y, w, h };
}

async function createCtcReader(model: string, { modelsDir, providers }: ToolContext): Promise<TextReader> {
  const { CtcReader } = await import('../models/ctc-reader.ts');
  const plan = await findRecognizer(modelsDir, model);
  const reader = await CtcReader.create(plan, providers);
  return {
    models: [reader.model],
    margin: plan.margin,
    readLines: (crops) => reader.read(crops),
    readPage: async (image) => {
      const [reading] = await reader.read([{ image, region: { x: 0, y: 0, w: image.width, h: image.height } }]);
      return { text: reading?.text ?? '', text_score: reading?.score ?? 0 };
    },
    warm: () => reader.warm(),
    close: () => reader.model.release(),
  };
}

async function createTesseractReader(): Promise<TextReader> {
  const { TesseractReader } = await import('./tesseract-reader.ts');
  const reader = await TesseractReader.create();
  return {
    models: reader.models,
    margin: noMargin,
    readLines: async (crops) => {
      const readings: Reading[] = [];
      for (const { image, region } of crops) readings.push(await reader.readLine(image, region));
      return readings;
    },
    readPage: async (image) => {
      const { text, score, lines } = await reader.readPage(image);
      return { text, text_score: score, detections: lines };
    },
    close: () => reader.close(),
  };
}

export const ocrExtractText = defineTool<Params>({
  pluginId: 'ocr',
  toolId: 'extract_text',
  description: 'Reads the text in each detection, or in the whole picture without any',
  inputs: [],
  outputs: ['detections', 'text', 'text_score'],
  failureDetail: 'Text extraction failed',
  params: paramsSchema,
  check({ engine, model }, { modelsDir, warn }) {
    if (engine !== 'ctc' || model === generalRecognizer) return [];
    const files = findModel(modelsDir, model, warn);
    return 'issue' in files ? [files.issue] : [];
  },
  async create({ engine, model, ...params }, context) {
    const reader = engine === 'ctc' ? await createCtcReader(model, context) : await createTesseractReader();
    return new TextExtractor(reader, params);
  },
});
