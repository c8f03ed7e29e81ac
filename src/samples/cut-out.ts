/** Draws on a transparent background, with antialiased edges. Console and tests. */
import { createCanvas, type Image } from './canvas.ts';

/**
 * Draws on black and on white and derives each pixel's opacity from the difference.
 * @returns RGBA, row by row, not premultiplied.
 */
export function cutOut(width: number, height: number, draw: (canvas: Image) => void): Uint8ClampedArray<ArrayBuffer> {
  const dark = createCanvas(width, height, [0, 0, 0]);
  const light = createCanvas(width, height, [255, 255, 255]);
  draw(dark);
  draw(light);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [red = 0, green = 0, blue = 0] = dark.data.subarray(pixel * 3, pixel * 3 + 3);
    const [redOnLight = 0, greenOnLight = 0, blueOnLight = 0] = light.data.subarray(pixel * 3, pixel * 3 + 3);
    const alpha = 255 - (redOnLight - red + greenOnLight - green + blueOnLight - blue) / 3;
    if (alpha <= 0) continue;
    const scale = 255 / alpha;
    rgba.set([red * scale, green * scale, blue * scale, alpha], pixel * 4);
  }
  return rgba;
}

/** Adds the opaque alpha channel that a browser's canvas needs. */
export function toRgba({ width, height, data }: Image): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) rgba.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  return rgba;
}
