/** Renders three lanes at a gate, side by side: in each, one vehicle after the other drives toward the camera. */
import { createCanvas } from '../../test/support/samples/canvas.ts';
import { renderPlateScene } from '../../test/support/samples/render-plate.ts';
import { encodeJpeg } from '../../test/support/samples/render-text.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';

const lanes = 3;
const lane = { width: 426, height: 480 } as const;
/** A vehicle is in the picture for six seconds. Those of the lanes arrive two seconds apart. */
const vehicleMs = 6000;
/** The plate grows from far to near, in pixels. */
const plateWidths = { far: 52, near: 96 } as const;

/** @returns JPEG frames. There are three plates in each. */
export function renderLanes(count: number, fps: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const canvas = createCanvas(lanes * lane.width, lane.height, [0, 0, 0]);
    for (let at = 0; at < lanes; at++) drawLane(canvas.data, at, (1000 * index) / fps + (at * vehicleMs) / lanes);
    return encodeJpeg(canvas);
  });
}

function drawLane(data: Uint8Array, at: number, timeMs: number): void {
  const number = lanes * Math.floor(timeMs / vehicleMs) + at;
  const progress = (timeMs % vehicleMs) / vehicleMs;
  const w = plateWidths.far + (plateWidths.near - plateWidths.far) * progress;
  const plate = { x: (lane.width - w) / 2, y: 190 + 140 * progress, w };
  const { data: pixels } = renderPlateScene({ ...lane, text: textOf(number), plate, seed: number + 1 });
  const row = lane.width * 3;
  for (let y = 0; y < lane.height; y++) data.set(pixels.subarray(y * row, (y + 1) * row), y * row * lanes + at * row);
}

function textOf(number: number): string {
  const random = seededRandom(number + 77);
  const pick = (characters: string) => characters[Math.floor(random() * characters.length)];
  return [...'AA000AA'].map((kind) => pick(kind === 'A' ? 'ABCDEFGHJKLMNPRSTUVWXYZ' : '0123456789')).join('');
}
