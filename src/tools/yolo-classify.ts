/** `yolo.classify`: classifies the whole image. */
import { z } from 'zod';
import type { Model } from '../models/model.ts';
import { inputSize } from '../models/model-files.ts';
import { type ClassPlan, planClasses, readClasses } from '../models/yolo/classify.ts';
import { Preprocessor } from '../models/yolo/preprocess.ts';
import { samplePicture } from './sample-picture.ts';
import { defineTool, type Ports, type PortValues, type ToolInstance } from './tool.ts';
import { modelName } from './yolo-boxes.ts';

const paramsSchema = z.strictObject({
  model: modelName,
  /** Input height and width in pixels if the file leaves them free. */
  imgsz: inputSize.optional(),
  /** Number of classes to report, best first. */
  top_k: z.number().int().min(1).max(1000).default(5),
});

type Params = z.infer<typeof paramsSchema>;

class Classifier implements ToolInstance {
  readonly #model: Model;
  readonly #plan: ClassPlan;
  readonly #topK: number;
  readonly #preprocessor: Preprocessor;

  constructor(model: Model, plan: ClassPlan, topK: number) {
    this.#model = model;
    this.#plan = plan;
    this.#topK = topK;
    this.#preprocessor = new Preprocessor(plan.input, model);
  }

  async run({ image }: Ports): Promise<PortValues> {
    const { constants, input } = this.#plan;
    const { tensor } = this.#preprocessor.preprocess(image);
    const outputs = await this.#model.run({ ...constants, [input.name]: tensor });
    return { classes: readClasses(this.#plan, outputs, this.#topK) };
  }
}

export const yoloClassify = defineTool<Params>({
  pluginId: 'yolo',
  toolId: 'classify',
  description: 'Classifies the whole image with a YOLO model or another classifier',
  inputs: [],
  outputs: ['classes'],
  failureDetail: 'YOLO inference failed',
  params: paramsSchema,
  check: ({ model }, { models }) => models.check(model),
  async create({ model: name, imgsz, top_k }, { models }) {
    const model = await models.load(name);
    const overrides = { ...model.overrides, imgsz: imgsz ?? model.overrides.imgsz };
    const plan = await planClasses(model, overrides, await samplePicture());
    if ('issue' in plan) throw new Error(`model "${name}": ${plan.issue}`);
    return new Classifier(model, plan, top_k);
  },
});
