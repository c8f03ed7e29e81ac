/** Cuts a detection out of its frame. */
import type { Detection } from '../client/index.ts';
import { cornersOf } from './overlay.ts';

/** Size of a crop in CSS pixels, with the aspect ratio of a license plate; other shapes are fitted into it. */
export const cropWidth = 144;
export const cropHeight = 36;
/** Canvas pixels per CSS pixel; few screens have more. */
const density = 2;
/** Margin around the box, relative to its height. */
const margin = 0.12;

/** Draws the part of `image` with the detection into `canvas`. */
export function drawCrop(image: ImageBitmap, detection: Detection, canvas: HTMLCanvasElement): void {
  canvas.width = cropWidth * density;
  canvas.height = cropHeight * density;
  const corners = cornersOf(detection);
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const around = (Math.max(...ys) - Math.min(...ys)) * margin;
  const left = Math.max(0, Math.min(...xs) - around);
  const top = Math.max(0, Math.min(...ys) - around);
  const width = Math.min(image.width, Math.max(...xs) + around) - left;
  const height = Math.min(image.height, Math.max(...ys) + around) - top;
  if (!(width > 0 && height > 0)) return;
  const scale = Math.min(canvas.width / width, canvas.height / height);
  const [w, h] = [width * scale, height * scale];
  canvas
    .getContext('2d')
    ?.drawImage(image, left, top, width, height, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
}
