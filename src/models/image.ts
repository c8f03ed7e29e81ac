/** A decoded image and the geometry of letterboxing it into a model's input. Worker threads. */

/** 8-bit samples, row by row, interleaved RGB (3 channels) or grayscale (1 channel). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** At least `width * height * channels` samples; a reused buffer may be longer. */
  readonly data: Uint8Array;
}

/** Position of an image in a letterboxed input: `input = image * scale + offset`, in pixels. */
export interface Letterbox {
  readonly scale: number;
  readonly offsetX: number;
  readonly offsetY: number;
  readonly width: number;
  readonly height: number;
}

/** Position of the image in an input with another aspect ratio: padding on two sides, or only on the right or at the bottom. */
export type Alignment = 'center' | 'top-left';

/**
 * Fits an image into a model's input and keeps its aspect ratio.
 * Rounds as Ultralytics' LetterBox (`data/augment.py`) does if centered, and as YOLOX's `preproc` (`data/data_augment.py`) does
 * if at the top left, so that boxes match theirs.
 */
export function letterboxOf(
  image: { width: number; height: number },
  inputWidth: number,
  inputHeight: number,
  alignment: Alignment = 'center',
): Letterbox {
  const scale = Math.min(inputWidth / image.width, inputHeight / image.height);
  if (alignment === 'top-left') {
    const width = Math.max(1, Math.floor(image.width * scale));
    const height = Math.max(1, Math.floor(image.height * scale));
    return { scale, width, height, offsetX: 0, offsetY: 0 };
  }
  const width = Math.max(1, roundHalfToEven(image.width * scale));
  const height = Math.max(1, roundHalfToEven(image.height * scale));
  return {
    scale,
    width,
    height,
    offsetX: Math.round((inputWidth - width) / 2 - 0.1),
    offsetY: Math.round((inputHeight - height) / 2 - 0.1),
  };
}

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const isHalf = value - below === 0.5;
  return isHalf ? below + (below % 2) : Math.round(value);
}
