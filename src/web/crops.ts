/** Cuts what was read out of its very frame. */
import type { Detection } from '../client/index.ts';
import { cornersOf } from './overlay.ts';

/** Size of a crop in CSS pixels: a plate's shape; others are fitted in. */
export const cropWidth = 144;
export const cropHeight = 36;
/** Screens of more pixels than this are rare. */
const density = 2;
/** A little of what is around it, in heights of the box. */
const margin = 0.12;

/** Draws the part of the picture with a detection into a canvas that already has its size, or of its own. */
export function cutCrop(picture: ImageBitmap, detection: Detection, canvas: HTMLCanvasElement): void {
  canvas.width = cropWidth * density;
  canvas.height = cropHeight * density;
  const corners = cornersOf(detection);
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const around = (Math.max(...ys) - Math.min(...ys)) * margin;
  const left = Math.max(0, Math.min(...xs) - around);
  const top = Math.max(0, Math.min(...ys) - around);
  const width = Math.min(picture.width, Math.max(...xs) + around) - left;
  const height = Math.min(picture.height, Math.max(...ys) + around) - top;
  if (!(width > 0 && height > 0)) return;
  const scale = Math.min(canvas.width / width, canvas.height / height);
  const [w, h] = [width * scale, height * scale];
  canvas
    .getContext('2d')
    ?.drawImage(picture, left, top, width, height, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
}
