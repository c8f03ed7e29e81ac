/** The frames that benches and the load harness send: a street with a car and its plate, drawn by the project. */
import { renderPlateScene } from './render-plate.ts';
import { encodeJpeg } from './render-text.ts';

/** Texts with the letters and digits of plates, one for each frame. */
const texts = ['AB123CD', 'FK07LWE', 'M482KT', 'RZ9061', 'HH4711', 'KXC358', 'B52UV', 'W300GT'];
const width = 640;
const height = 480;
/** About what a camera's own encoder gives: 50 KB for 640 × 480. */
const quality = 90;

/** Frames of 640 × 480 with one plate each, at different places. */
export function renderFrames(): Uint8Array[] {
  return texts.map((text, index) => {
    const plate = { x: 120 + 30 * index, y: 290 + 8 * index, w: 150 };
    return encodeJpeg(renderPlateScene({ width, height, text, plate, seed: index + 1 }), quality);
  });
}
