/** Works out how a YOLO model is used: its head, its classes and the input that it wants. Worker threads. */
import type { Alignment } from './image.ts';
import { parseClassNames, parseImageSize } from './metadata.ts';
import type { ModelOverrides } from './model-files.ts';
import type { Model, TensorShape } from './onnx-model.ts';
import { type Normalisation, unitRgb } from './tensor-image.ts';
import { type HeadHints, recogniseHead, type YoloHead } from './yolo-heads.ts';

/** Everything between a picture and a detector's boxes but the thresholds. */
export interface DetectorPlan {
  readonly head: YoloHead;
  /** Class names by index; empty where nothing names them. */
  readonly names: readonly string[];
  readonly input: DetectorInput;
  readonly output: { readonly name: string; readonly dims: readonly number[] };
}

export interface DetectorInput {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly normalisation: Normalisation;
  readonly alignment: Alignment;
}

/** Input side for a model with free dimensions that names no `imgsz`: what YOLO models are usually trained at. */
const usualInputSide = 640;

type Fault = { readonly fault: string };

/**
 * Runs the model once on an empty picture, which tells the output's real shape also where the file leaves it free.
 * @returns the plan, or why the model is no detector that can be used, in one line.
 */
export async function planDetector(model: Model, overrides: ModelOverrides): Promise<DetectorPlan | Fault> {
  const task = model.metadata['task'];
  if (task !== undefined && task !== 'detect' && overrides.head === undefined) {
    return { fault: `the file says that its task is "${task}", not "detect"` };
  }
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    const names = model.inputs.map(({ name }) => name).join(', ');
    return { fault: `it takes ${model.inputs.length} inputs (${names}); expected one picture` };
  }
  const size = inputSizeOf(input, model, overrides);
  if ('fault' in size) return size;
  const found = await findHead(model, { ...size, name: input.name }, overrides);
  if ('fault' in found) return found;
  return {
    head: found.head,
    names: found.names ?? [],
    input: { name: input.name, ...size, ...inputStyleOf(found.head, overrides) },
    output: found.output,
  };
}

interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** The input's size: fixed in the file, or from `imgsz` where the file leaves it free. */
function inputSizeOf(input: TensorShape, model: Model, overrides: ModelOverrides): InputSize | Fault {
  const [batch, channels, height, width] = input.dims;
  const isFloat = input.type === 'float32' || input.type === 'float16';
  if (!isFloat || input.dims.length !== 4 || (channels !== 3 && typeof channels === 'number')) {
    const expected = 'expected float32 or float16 [1, 3, height, width]';
    return { fault: `input ${input.name} is ${input.type} [${input.dims.join(', ')}]; ${expected}` };
  }
  if (typeof batch === 'number' && batch !== 1) {
    return { fault: `input ${input.name} takes ${batch} pictures at once, not 1` };
  }
  const usual = parseImageSize(model.metadata['imgsz']) ?? { width: usualInputSide, height: usualInputSide };
  const wanted = overrides.imgsz === undefined ? usual : { height: overrides.imgsz[0], width: overrides.imgsz[1] };
  const size = {
    width: typeof width === 'number' ? width : wanted.width,
    height: typeof height === 'number' ? height : wanted.height,
  };
  if (overrides.imgsz !== undefined && (size.width !== wanted.width || size.height !== wanted.height)) {
    return { fault: `imgsz is [${overrides.imgsz.join(', ')}], but the file fixes [${size.height}, ${size.width}]` };
  }
  const stride = Number(model.metadata['stride']);
  if (size.width % stride > 0 || size.height % stride > 0) {
    return { fault: `imgsz is [${size.height}, ${size.width}], but the model takes multiples of ${stride} only` };
  }
  return size;
}

interface FoundHead {
  readonly head: YoloHead;
  readonly names: readonly string[] | undefined;
  readonly output: DetectorPlan['output'];
}

/** The first output that is a head: old v5 exports have the raw feature maps behind it. */
async function findHead(
  model: Model,
  input: InputSize & { readonly name: string },
  overrides: ModelOverrides,
): Promise<FoundHead | Fault> {
  const { width, height } = input;
  const empty = { data: new Float32Array(3 * width * height), dims: [1, 3, height, width] };
  const outputs = await model.run({ [input.name]: empty });
  const names = overrides.names ?? parseClassNames(model.metadata['names']);
  const hints: HeadHints = {
    inputWidth: width,
    inputHeight: height,
    classNames: names?.length,
    head: overrides.head,
    endToEnd: model.metadata['end2end'] === 'True',
  };
  let firstFault: Fault | undefined;
  for (const declared of model.outputs) {
    const dims = outputs[declared.name]?.dims ?? [];
    const head = recogniseHead({ ...declared, dims }, hints);
    if (!('fault' in head)) return { head, names, output: { name: declared.name, dims } };
    firstFault ??= head;
  }
  return firstFault ?? { fault: 'it has no output' };
}

/** YOLOX is trained on pictures as OpenCV reads them, in the corner of its input (`preproc` in `data/data_augment.py`). */
const byteBgr: Normalisation = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], order: 'bgr' };

/** How a head's family wants its picture, where `model.json` does not say otherwise. */
function inputStyleOf(head: YoloHead, overrides: ModelOverrides): Pick<DetectorInput, 'normalisation' | 'alignment'> {
  const isYolox = head.layout === 'yolox';
  const usual = isYolox ? byteBgr : unitRgb;
  return {
    normalisation: {
      ...usual,
      ...scaleOf(overrides.normalisation),
      ...(overrides.channel_order === undefined ? {} : { order: overrides.channel_order }),
    },
    alignment: overrides.letterbox ?? (isYolox ? 'top-left' : 'centre'),
  };
}

function scaleOf(normalisation: ModelOverrides['normalisation']): Pick<Normalisation, 'mean' | 'std'> | undefined {
  if (normalisation === undefined || typeof normalisation === 'object') return normalisation;
  const { mean, std } = normalisation === '0-1' ? unitRgb : byteBgr;
  return { mean, std };
}
