/** The frames that benches send, and that the package has as files: rendered scenes of a street with a car and its plate. */
import { renderPlateScene } from './render-plate.ts';
import { encodeJpeg } from './render-text.ts';

/** Plate texts, one per frame. */
export const plateTexts = ['AB123CD', 'FK47LWE', 'M482KT', 'RZ9061', 'HH4711', 'KXC358', 'B52UV', 'W348GT'];
/** Similar to a camera's own encoder: 50 KB for 640 × 480. */
const quality = 90;

export interface FrameSize {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export const defaultFrameSize: FrameSize = { width: 640, height: 480 };

/** Renders frames with one plate each, at different positions. A larger frame shows the same scene at a larger scale. */
export function renderFrames({ width, height } = defaultFrameSize): Uint8Array[] {
  const scale = Math.min(width / defaultFrameSize.width, height / defaultFrameSize.height);
  return plateTexts.map((text, index) => {
    const plate = { x: scale * (120 + 30 * index), y: scale * (290 + 8 * index), w: scale * 150 };
    return encodeJpeg(renderPlateScene({ width, height, text, plate, seed: index + 1 }), quality);
  });
}
