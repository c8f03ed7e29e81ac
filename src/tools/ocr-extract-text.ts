/** `ocr.extract_text`: reads the text in each detected box, or on the whole picture where nothing was detected before. */
import { z } from 'zod';
import type { Reading } from '../models/ctc.ts';
import type { Image } from '../models/image.ts';
import { findModel } from '../models/model-files.ts';
import { findRecogniser, generalRecogniser } from '../models/recognisers.ts';
import { isStanding, rectify, tiltOf } from '../models/rectify.ts';
import type { Region } from '../models/tensor-image.ts';
import type { Detection } from '../protocol.ts';
import { defineTool, type Ports, type PortValues, type ToolContext, type ToolInstance } from './tool.ts';

const paramsSchema = z.strictObject({
  /** `ctc`: PP-OCRv4 recognition, one line a box. `tesseract`: tesseract.js, boxes or whole pages of several lines. */
  engine: z.enum(['ctc', 'tesseract']).default('ctc'),
  /** For `ctc`: `pp-ocrv4` for any text, or a recogniser in the models folder. */
  model: z.string().min(1).default(generalRecogniser),
  /** Only boxes with these labels are read. */
  labels: z.array(z.string()).min(1).optional(),
  /** An upright box grows by this part of its height on every side before it is read. */
  margin: z.number().min(0).max(1).default(0),
  /** At most so many boxes are read, the most certain first: a frame full of boxes must not take seconds. */
  max_boxes: z.number().int().min(1).max(1000).default(32),
});

type Params = z.infer<typeof paramsSchema>;
/** What concerns the boxes, not how they are read. */
type BoxParams = Pick<Params, 'labels' | 'margin' | 'max_boxes'>;

/** What an engine must be able to do. */
interface TextReader extends Omit<ToolInstance, 'run'> {
  readLine(image: Image, region: Region): Promise<Reading>;
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
    const read: Detection[] = [];
    for (const detection of detections) {
      read.push(chosen.has(detection) ? await this.#read(image, detection) : detection);
    }
    return { detections: read };
  }

  async warm(): Promise<void> {
    await this.#reader.warm?.();
  }

  async close(): Promise<void> {
    await this.#reader.close?.();
  }

  #choose(detections: readonly Detection[]): ReadonlySet<Detection> {
    const { labels, max_boxes } = this.#params;
    const wanted = detections.filter(({ label }) => labels === undefined || labels.includes(label));
    return new Set(wanted.sort((a, b) => b.score - a.score).slice(0, max_boxes));
  }

  async #read(image: Image, detection: Detection): Promise<Detection> {
    const { text, score } = await this.#readBox(image, detection);
    return { ...detection, text, text_score: score };
  }

  #readBox(image: Image, { quad, ...box }: Detection): Promise<Reading> {
    if (quad !== undefined && (tiltOf(quad) > uprightDegrees || isStanding(quad))) {
      const straight = rectify(image, quad);
      return this.#reader.readLine(straight, { x: 0, y: 0, w: straight.width, h: straight.height });
    }
    return this.#reader.readLine(image, regionAround(box, this.#params.margin, image));
  }
}

type Size = Pick<Image, 'width' | 'height'>;

/** Grows a box by a part of its height and cuts it at the picture's edges; at least a pixel is left. */
export function regionAround(box: Region, margin: number, image: Size): Region {
  const grow = box.h * margin;
  const x = Math.min(image.width - 1, Math.max(0, box.x - grow));
  const y = Math.min(image.height - 1, Math.max(0, box.y - grow));
  const w = Math.max(1, Math.min(image.width, box.x + box.w + grow) - x);
  const h = Math.max(1, Math.min(image.height, box.y + box.h + grow) - y);
  return { x, y, w, h };
}

async function createCtcReader(model: string, { modelsDir, providers }: ToolContext): Promise<TextReader> {
  const { CtcReader } = await import('../models/ctc-reader.ts');
  const reader = await CtcReader.create(await findRecogniser(modelsDir, model), providers);
  return {
    models: [reader.model],
    readLine: (image, region) => reader.read(image, region),
    readPage: async (image) => {
      const { text, score } = await reader.read(image, { x: 0, y: 0, w: image.width, h: image.height });
      return { text, text_score: score };
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
    readLine: (image, region) => reader.readLine(image, region),
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
  check({ engine, model }, { modelsDir }) {
    if (engine !== 'ctc' || model === generalRecogniser) return [];
    const files = findModel(modelsDir, model);
    return 'fault' in files ? [files.fault] : [];
  },
  async create({ engine, model, ...params }, context) {
    const reader = engine === 'ctc' ? await createCtcReader(model, context) : await createTesseractReader();
    return new TextExtractor(reader, params);
  },
});
