/** Determines a model's inputs: size, layout, normalization, resizing, and the constants that some exports want. Worker threads. */
import type { Resize } from '../image.ts';
import { type Normalization, unitRgb } from '../image-tensor.ts';
import { parseImageSize } from '../metadata.ts';
import type { Inputs, InputTensor, Model, TensorShape } from '../model.ts';
import type { ModelOverrides } from '../model-files.ts';

/** The image input. */
export interface ModelInput {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly layout: InputLayout;
  readonly resize: Resize;
  /** Resize as Pillow does, which classifiers are trained with; the others are trained with OpenCV's. */
  readonly isAntialiased?: boolean;
}

/**
 * `nchw` is float `[1, 3, H, W]`, as in YOLO exports. `nhwc` is uint8 `[1, H, W, 3]`, RGB as the JPEG decoder writes it: such a
 * model normalizes its input itself.
 */
export type InputLayout = { readonly kind: 'nhwc' } | { readonly kind: 'nchw'; readonly normalization: Normalization };

/** What can be derived from the file alone. */
export interface InputShape {
  readonly name: string;
  readonly kind: InputLayout['kind'];
  readonly width: number;
  readonly height: number;
  /** Tensors of the other inputs. */
  readonly constants: Inputs;
}

export type Issue = { readonly issue: string };

/** Input side for a model with free dimensions and no `imgsz`: most YOLO models are trained at this size. */
const defaultInputSide = 640;
const rgbChannels = 3;
/** Pixels of an input, 201 MB as float32: every worker allocates the input that a file or a pipeline asks for. */
export const maxInputPixels = 16_777_216;

/**
 * The image input's layout and size, and the constants of the others. The size is fixed in the file, or comes from `imgsz` if the
 * file leaves it free.
 */
export function inputShapeOf(model: Model, overrides: ModelOverrides): InputShape | Issue {
  const others = model.inputs.filter(({ name }) => constantOf(name) !== undefined);
  const [image, ...rest] = model.inputs.filter((input) => !others.includes(input));
  if (image === undefined || rest.length > 0) {
    const names = model.inputs.map(({ name }) => name).join(', ');
    return { issue: `it has ${model.inputs.length} inputs (${names}); expected one image input` };
  }
  const shape = imageShapeOf(image, model, overrides);
  if ('issue' in shape) return shape;
  return { ...shape, constants: Object.fromEntries(others.map((input) => [input.name, constantTensor(input, shape)])) };
}

/** Other inputs that exporters of detectors add, and their values: chosen so that boxes come back in input pixels. */
function constantOf(name: string): ((input: Size) => [number, number]) | undefined {
  switch (name) {
    // RT-DETR, D-FINE
    case 'orig_target_sizes':
      return ({ width, height }) => [width, height];
    // PaddleDetection
    case 'im_shape':
      return ({ width, height }) => [height, width];
    case 'scale_factor':
      return () => [1, 1];
    default:
      return undefined;
  }
}

function constantTensor({ name, type }: TensorShape, input: Size): InputTensor {
  const values = constantOf(name)?.(input) ?? [];
  const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
  return { data, dims: [1, values.length] };
}

function imageShapeOf(
  input: TensorShape,
  model: Model,
  overrides: ModelOverrides,
): Omit<InputShape, 'constants'> | Issue {
  const kind = input.type === 'uint8' ? 'nhwc' : 'nchw';
  const [batch, ...sides] = input.dims;
  const [height, width, channels] = kind === 'nhwc' ? sides : [sides[1], sides[2], sides[0]];
  const isKnown = kind === 'nhwc' || input.type === 'float32' || input.type === 'float16';
  if (!isKnown || input.dims.length !== 4 || (channels !== rgbChannels && typeof channels === 'number')) {
    const expected = 'expected float32 or float16 [1, 3, height, width], or uint8 [1, height, width, 3]';
    return { issue: `input ${input.name} is ${input.type} [${input.dims.join(', ')}]; ${expected}` };
  }
  if (typeof batch === 'number' && batch !== 1) {
    return { issue: `input ${input.name} has a fixed batch size of ${batch}; export the model with batch=1` };
  }
  const isScaled = overrides.normalization !== undefined || overrides.channel_order !== undefined;
  if (kind === 'nhwc' && isScaled) {
    const reason = 'remove normalization and channel_order from model.json';
    return { issue: `input ${input.name} takes uint8 RGB pixels without normalization; ${reason}` };
  }
  const size = inputSizeOf(height, width, model, overrides);
  return 'issue' in size ? size : { name: input.name, kind, ...size };
}

type Side = number | string | undefined;
type Size = Pick<InputShape, 'width' | 'height'>;

function inputSizeOf(height: Side, width: Side, { metadata }: Model, { imgsz }: ModelOverrides): Size | Issue {
  const fallback = parseImageSize(metadata['imgsz']) ?? { width: defaultInputSide, height: defaultInputSide };
  const requested = imgsz === undefined ? fallback : { height: imgsz[0], width: imgsz[1] };
  const size = {
    width: typeof width === 'number' ? width : requested.width,
    height: typeof height === 'number' ? height : requested.height,
  };
  if (imgsz !== undefined && (size.width !== requested.width || size.height !== requested.height)) {
    return { issue: `imgsz is [${imgsz.join(', ')}], but the file fixes [${size.height}, ${size.width}]` };
  }
  const pixels = size.width * size.height;
  if (!(size.width >= 1 && size.height >= 1 && pixels <= maxInputPixels)) {
    return { issue: `input size is [${size.height}, ${size.width}]; expected 1 to ${maxInputPixels} pixels` };
  }
  const stride = Number(metadata['stride']);
  if (size.width % stride > 0 || size.height % stride > 0) {
    return { issue: `imgsz is [${size.height}, ${size.width}], but both sides must be multiples of ${stride}` };
  }
  return size;
}

/** A black image in the input's layout and size. */
export function blankInput({ kind, width, height }: Pick<InputShape, 'kind' | 'width' | 'height'>): InputTensor {
  const size = rgbChannels * width * height;
  if (kind === 'nhwc') return { data: new Uint8Array(size), dims: [1, height, width, rgbChannels] };
  return { data: new Float32Array(size), dims: [1, rgbChannels, height, width] };
}

/** YOLOX is trained on images as OpenCV loads them. */
export const byteBgr: Normalization = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], order: 'bgr' };
/** Mean and deviation of ImageNet, which backbones of DETRs and classifiers are trained with. */
export const imageNet: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: 'rgb' };

/** How a model family preprocesses. */
export interface Preprocessing {
  readonly normalization: Normalization;
  readonly resize: Resize;
}

/** A family's preprocessing, unless `model.json` overrides it. */
export function inputFor(family: Preprocessing, shape: InputShape, overrides: ModelOverrides): ModelInput {
  const { name, kind, width, height } = shape;
  const resize = resizeOf(overrides) ?? family.resize;
  if (kind === 'nhwc') return { name, width, height, layout: { kind }, resize };
  const normalization = {
    ...family.normalization,
    ...scaleOf(overrides.normalization),
    ...(overrides.channel_order === undefined ? {} : { order: overrides.channel_order }),
  };
  return { name, width, height, layout: { kind, normalization }, resize };
}

function resizeOf({ resize, letterbox }: ModelOverrides): Resize | undefined {
  if (resize === 'stretch' || resize === 'crop') return resize;
  if (letterbox !== undefined) return letterbox === 'center' ? 'letterbox' : 'top-left';
  return resize;
}

function scaleOf(normalization: ModelOverrides['normalization']): Pick<Normalization, 'mean' | 'std'> | undefined {
  if (normalization === undefined || typeof normalization === 'object') return normalization;
  const { mean, std } = { '0-1': unitRgb, '0-255': byteBgr, imagenet: imageNet }[normalization];
  return { mean, std };
}
