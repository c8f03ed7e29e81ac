/** Determines a detector's input: size, layout, normalization, alignment. Worker threads. */
import type { Alignment } from './image.ts';
import { type Normalization, unitRgb } from './image-tensor.ts';
import { parseImageSize } from './metadata.ts';
import type { InputTensor, Model, TensorShape } from './model.ts';
import type { ModelOverrides } from './model-files.ts';
import type { OutputFormat } from './output-format.ts';

export interface DetectorInput {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly layout: InputLayout;
  readonly alignment: Alignment;
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
}

export type Issue = { readonly issue: string };

/** Input side for a model with free dimensions and no `imgsz`: most YOLO models are trained at this size. */
const defaultInputSide = 640;
const rgbChannels = 3;
/** Pixels of an input, 201 MB as float32: every worker allocates the input that a file or a pipeline asks for. */
export const maxInputPixels = 16_777_216;

/** The input's layout and size. The size is fixed in the file, or comes from `imgsz` if the file leaves it free. */
export function inputShapeOf(input: TensorShape, model: Model, overrides: ModelOverrides): InputShape | Issue {
  const kind = input.type === 'uint8' ? 'nhwc' : 'nchw';
  const [batch, ...sides] = input.dims;
  const [height, width, channels] = kind === 'nhwc' ? sides : [sides[1], sides[2], sides[0]];
  const isKnown = kind === 'nhwc' || input.type === 'float32' || input.type === 'float16';
  if (!isKnown || input.dims.length !== 4 || (channels !== rgbChannels && typeof channels === 'number')) {
    const expected = 'expected float32 or float16 [1, 3, height, width], or uint8 [1, height, width, 3]';
    return { issue: `input ${input.name} is ${input.type} [${input.dims.join(', ')}]; ${expected}` };
  }
  if (typeof batch === 'number' && batch !== 1) {
    return { issue: `input ${input.name} has a fixed batch size of ${batch}; expected 1` };
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
export function blankInput({ kind, width, height }: InputShape): InputTensor {
  const size = rgbChannels * width * height;
  if (kind === 'nhwc') return { data: new Uint8Array(size), dims: [1, height, width, rgbChannels] };
  return { data: new Float32Array(size), dims: [1, rgbChannels, height, width] };
}

/** YOLOX is trained on images as OpenCV loads them, placed at the top left (`preproc` in `data/data_augment.py`). */
const byteBgr: Normalization = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], order: 'bgr' };

/** Preprocessing for an output format's model family, unless `model.json` overrides it. */
export function inputFor(format: OutputFormat, shape: InputShape, overrides: ModelOverrides): DetectorInput {
  const { name, kind, width, height } = shape;
  const isYolox = format.name === 'yolox';
  const alignment = overrides.letterbox ?? (isYolox ? 'top-left' : 'center');
  if (kind === 'nhwc') return { name, width, height, layout: { kind }, alignment };
  const normalization = {
    ...(isYolox ? byteBgr : unitRgb),
    ...scaleOf(overrides.normalization),
    ...(overrides.channel_order === undefined ? {} : { order: overrides.channel_order }),
  };
  return { name, width, height, layout: { kind, normalization }, alignment };
}

function scaleOf(normalization: ModelOverrides['normalization']): Pick<Normalization, 'mean' | 'std'> | undefined {
  if (normalization === undefined || typeof normalization === 'object') return normalization;
  const { mean, std } = normalization === '0-1' ? unitRgb : byteBgr;
  return { mean, std };
}
