/** A decoded image and the geometry of letterboxing it into a model's input. Worker threads. */

/** 8-bit samples, row by row, interleaved RGB (3 channels) or grayscale (1 channel). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** At least `width * height * channels` samples; a reused buffer may be longer. */
  readonly data: Uint8Array;
}

/** Position of an image in a model's input: `input = image × scale + offset`, in pixels. */
export interface Placement {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly offsetX: number;
  readonly offsetY: number;
  /** Size of the whole image in the input; larger than the input if the image is cropped. */
  readonly width: number;
  readonly height: number;
}

/**
 * How an image is fitted into an input with another aspect ratio. `letterbox` keeps its aspect ratio and pads two sides, `top-left`
 * only the right or the bottom; `stretch` fills the input; `crop` fills it, too, and cuts off what protrudes on two sides.
 */
export type Resize = 'letterbox' | 'top-left' | 'stretch' | 'crop';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Places an image in a model's input.
 * Rounds as Ultralytics' LetterBox (`data/augment.py`) and `classify_transforms` do, and as YOLOX's `preproc`
 * (`data/data_augment.py`) does at the top left, so that boxes match theirs.
 */
export function placeImage(image: Size, input: Size, resize: Resize): Placement {
  const [acrossX, acrossY] = [input.width / image.width, input.height / image.height];
  switch (resize) {
    case 'stretch':
      return { scaleX: acrossX, scaleY: acrossY, offsetX: 0, offsetY: 0, ...sizeOf(input) };
    case 'crop': {
      const scale = Math.max(acrossX, acrossY);
      const width = acrossX >= acrossY ? input.width : Math.floor((image.width * input.height) / image.height);
      const height = acrossY >= acrossX ? input.height : Math.floor((image.height * input.width) / image.width);
      const [offsetX, offsetY] = [width - input.width, height - input.height].map(
        (spare) => -roundHalfToEven(spare / 2),
      );
      return { scaleX: scale, scaleY: scale, offsetX: offsetX as number, offsetY: offsetY as number, width, height };
    }
    case 'top-left': {
      const scale = Math.min(acrossX, acrossY);
      const width = Math.max(1, Math.floor(image.width * scale));
      const height = Math.max(1, Math.floor(image.height * scale));
      return { scaleX: scale, scaleY: scale, offsetX: 0, offsetY: 0, width, height };
    }
    case 'letterbox': {
      const scale = Math.min(acrossX, acrossY);
      const width = Math.max(1, roundHalfToEven(image.width * scale));
      const height = Math.max(1, roundHalfToEven(image.height * scale));
      const offsetX = Math.round((input.width - width) / 2 - 0.1);
      const offsetY = Math.round((input.height - height) / 2 - 0.1);
      return { scaleX: scale, scaleY: scale, offsetX, offsetY, width, height };
    }
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const isHalf = value - below === 0.5;
  return isHalf ? below + (below % 2) : Math.round(value);
}
