/** Works out what picture a detector's input takes: size, layout, scale, alignment. Worker threads. */
import type { Alignment } from './image.ts';
import { parseImageSize } from './metadata.ts';
import type { ModelOverrides } from './model-files.ts';
import type { FeedTensor, Model, TensorShape } from './onnx-model.ts';
import { type Normalization, unitRgb } from './tensor-image.ts';
import type { YoloHead } from './yolo-heads.ts';

export interface DetectorInput {
  readonly name: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly layout: InputLayout;
  readonly alignment: Alignment;
}

/**
 * `planes` is float `[1, 3, H, W]`, as YOLO exports are. `pixels` is uint8 `[1, H, W, 3]`, RGB as a decoder gives it: what
 * scales it is in the model.
 */
export type InputLayout =
  | { readonly kind: 'pixels' }
  | { readonly kind: 'planes'; readonly normalization: Normalization };

/** What the file alone tells. */
export interface InputShape {
  readonly name: string;
  readonly kind: InputLayout['kind'];
  readonly width: number;
  readonly height: number;
}

export type Issue = { readonly issue: string };

/** Input side for a model with free dimensions that names no `imgsz`: what YOLO models are usually trained at. */
const defaultInputSide = 640;
const colors = 3;
/** Pixels of an input, 201 MB as float planes: what a file or a pipeline asks for is set aside by every worker. */
export const maxInputPixels = 16_777_216;

/** The input's layout and size; the size is fixed in the file, or from `imgsz` where the file leaves it free. */
export function inputShapeOf(input: TensorShape, model: Model, overrides: ModelOverrides): InputShape | Issue {
  const kind = input.type === 'uint8' ? 'pixels' : 'planes';
  const [batch, ...sides] = input.dims;
  const [height, width, channels] = kind === 'pixels' ? sides : [sides[1], sides[2], sides[0]];
  const isKnown = kind === 'pixels' || input.type === 'float32' || input.type === 'float16';
  if (!isKnown || input.dims.length !== 4 || (channels !== colors && typeof channels === 'number')) {
    const expected = 'expected float32 or float16 [1, 3, height, width], or uint8 [1, height, width, 3]';
    return { issue: `input ${input.name} is ${input.type} [${input.dims.join(', ')}]; ${expected}` };
  }
  if (typeof batch === 'number' && batch !== 1) {
    return { issue: `input ${input.name} takes ${batch} pictures at once, not 1` };
  }
  const isScaled = overrides.normalization !== undefined || overrides.channel_order !== undefined;
  if (kind === 'pixels' && isScaled) {
    const reason = 'normalization and channel_order of model.json do not apply';
    return { issue: `input ${input.name} takes RGB pixels as they are; ${reason}` };
  }
  const size = inputSizeOf(height, width, model, overrides);
  return 'issue' in size ? size : { name: input.name, kind, ...size };
}

type Side = number | string | undefined;
type Size = Pick<InputShape, 'width' | 'height'>;

function inputSizeOf(height: Side, width: Side, { metadata }: Model, { imgsz }: ModelOverrides): Size | Issue {
  const fallback = parseImageSize(metadata['imgsz']) ?? { width: defaultInputSide, height: defaultInputSide };
  const wanted = imgsz === undefined ? fallback : { height: imgsz[0], width: imgsz[1] };
  const size = {
    width: typeof width === 'number' ? width : wanted.width,
    height: typeof height === 'number' ? height : wanted.height,
  };
  if (imgsz !== undefined && (size.width !== wanted.width || size.height !== wanted.height)) {
    return { issue: `imgsz is [${imgsz.join(', ')}], but the file fixes [${size.height}, ${size.width}]` };
  }
  const pixels = size.width * size.height;
  if (!(size.width >= 1 && size.height >= 1 && pixels <= maxInputPixels)) {
    return { issue: `its input is [${size.height}, ${size.width}]; an input has 1 to ${maxInputPixels} pixels` };
  }
  const stride = Number(metadata['stride']);
  if (size.width % stride > 0 || size.height % stride > 0) {
    return { issue: `imgsz is [${size.height}, ${size.width}], but the model takes multiples of ${stride} only` };
  }
  return size;
}

/** A black picture (float planes of zeros or bytes of zeros) in the input's layout and size. */
export function emptyPicture({ kind, width, height }: InputShape): FeedTensor {
  const size = colors * width * height;
  if (kind === 'pixels') return { data: new Uint8Array(size), dims: [1, height, width, colors] };
  return { data: new Float32Array(size), dims: [1, colors, height, width] };
}

/** YOLOX is trained on pictures as OpenCV reads them, in the corner of its input (`preproc` in `data/data_augment.py`). */
const byteBgr: Normalization = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], order: 'bgr' };

/** How a head's family wants its picture, where `model.json` does not say otherwise. */
export function inputFor(head: YoloHead, shape: InputShape, overrides: ModelOverrides): DetectorInput {
  const { name, kind, width, height } = shape;
  const isYolox = head.layout === 'yolox';
  const alignment = overrides.letterbox ?? (isYolox ? 'top-left' : 'center');
  if (kind === 'pixels') return { name, width, height, layout: { kind }, alignment };
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
