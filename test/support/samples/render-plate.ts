/** Draws the rear of a car with a license plate of known text. Tests and benches. */
import type { Image } from '../../../src/models/image.ts';
import { seededRandom } from '../seeded-random.ts';
import { addNoise, type Color, createCanvas, fillBox, fillPolygon, shade } from './canvas.ts';
import { type Box, drawText, fillRimmed, measureText } from './draw-text.ts';
import type { Point } from './stroke-font.ts';

/** `eu` is long with a blue band on the left, `long` is the same without the band, `short` is twice as wide as high. */
type PlateKind = 'eu' | 'long' | 'short';

export interface PlatePosition {
  /** Top left corner and width of the plate before rotation, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly kind?: PlateKind;
  /** Clockwise rotation around its center, in degrees. */
  readonly angle?: number;
}

export interface PlateScene {
  readonly width: number;
  readonly height: number;
  readonly text: string;
  readonly plate: PlatePosition;
  /** Determines the car's color, the light and the noise. */
  readonly seed?: number;
  /** Maximum noise in gray levels. */
  readonly noise?: number;
}

/** Width over height: 520 × 110 mm in Europe, 12 × 6 inches in North America. */
const aspects: Readonly<Record<PlateKind, number>> = { eu: 520 / 110, long: 520 / 110, short: 2 };

const plateInk: Color = [22, 22, 26];
const plateRim: Color = [30, 30, 34];
const plateWhite: Color = [232, 232, 228];
const bandBlue: Color = [20, 54, 150];
const bodyColors: readonly Color[] = [
  [150, 24, 30],
  [38, 62, 110],
  [176, 180, 184],
  [52, 54, 58],
  [24, 84, 62],
  [206, 204, 198],
];

/** The plate's box in pixels, before rotation. */
export function plateBox(plate: PlatePosition): Box {
  return { x: plate.x, y: plate.y, w: plate.w, h: plate.w / aspects[plate.kind ?? 'eu'] };
}

/** A street with the rear of a car and its plate. */
export function renderPlateScene(scene: PlateScene): Image {
  const { width, height, seed = 1, noise = 4 } = scene;
  const random = seededRandom(seed);
  const canvas = drawStreet(width, height, random);
  drawCar(canvas, plateBox(scene.plate), random);
  drawPlate(canvas, scene.text, scene.plate);
  const light = 0.9 + 0.15 * random();
  shade(canvas, (x) => light * (1 - (0.12 * x) / width));
  addNoise(canvas, noise, seed + 1);
  return canvas;
}

/** The same street without a car. */
export function renderEmptyScene(width: number, height: number, seed = 1): Image {
  const canvas = drawStreet(width, height, seededRandom(seed));
  addNoise(canvas, 4, seed + 1);
  return canvas;
}

function drawStreet(width: number, height: number, random: () => number): Image {
  const canvas = createCanvas(width, height, [120, 124, 128]);
  const horizon = height * (0.3 + 0.1 * random());
  fillBox(canvas, { x: -2, y: -2, w: width + 4, h: horizon + 2 }, [164, 184, 206], [206, 212, 214]);
  for (let x = -width * 0.05; x < width; ) {
    const w = width * (0.1 + 0.12 * random());
    const h = horizon * (0.25 + 0.6 * random());
    const gray = 96 + 70 * random();
    fillBox(
      canvas,
      { x, y: horizon - h, w, h },
      [gray, gray * 0.95, gray * 0.88],
      [gray * 0.8, gray * 0.78, gray * 0.74],
    );
    x += w * 1.05;
  }
  fillBox(canvas, { x: -2, y: horizon, w: width + 4, h: height - horizon + 2 }, [118, 118, 120], [74, 74, 78]);
  fillPolygon(
    canvas,
    [
      [width * 0.49, horizon],
      [width * 0.51, horizon],
      [width * 0.6, height],
      [width * 0.4, height],
    ],
    [150, 150, 146],
  );
  return canvas;
}

/** Draws a car scaled to its plate: about 1.75 m wide, with the plate low in the middle of the trunk lid. */
function drawCar(canvas: Image, plate: Box, random: () => number): void {
  const body = bodyColors[Math.floor(random() * bodyColors.length)] as Color;
  const dark: Color = [body[0] * 0.6, body[1] * 0.6, body[2] * 0.6];
  const light: Color = [Math.min(255, body[0] * 1.25), Math.min(255, body[1] * 1.25), Math.min(255, body[2] * 1.25)];
  const center = plate.x + plate.w / 2;
  const w = plate.w * 3.4;
  const left = center - w / 2;
  const deck = plate.y - plate.w * 0.75;
  const floor = plate.y + plate.w * 0.75;
  const shadow: Color = [40, 40, 44];
  fillBox(canvas, { x: left + w * 0.04, y: floor - plate.w * 0.15, w: w * 0.92, h: plate.w * 0.38 }, shadow);
  for (const side of [left + w * 0.07, left + w * 0.79]) {
    fillBox(canvas, { x: side, y: floor - plate.w * 0.3, w: w * 0.14, h: plate.w * 0.52 }, [22, 22, 24]);
  }
  const roof = deck - plate.w * 0.8;
  trapezium(
    canvas,
    [roof, deck + 2],
    [left + w * 0.2, left + w * 0.8],
    [left + w * 0.05, left + w * 0.95],
    light,
    body,
  );
  trapezium(
    canvas,
    [roof + plate.w * 0.1, deck - plate.w * 0.08],
    [left + w * 0.24, left + w * 0.76],
    [left + w * 0.14, left + w * 0.86],
    [40, 48, 56],
    [70, 80, 90],
  );
  trapezium(canvas, [deck, floor], [left, left + w], [left + w * 0.03, left + w * 0.97], light, dark);
  for (const x of [left + w * 0.03, left + w * 0.83]) {
    fillBox(canvas, { x, y: deck + plate.w * 0.12, w: w * 0.14, h: plate.w * 0.34 }, [190, 24, 24], [110, 12, 14]);
  }
  const recess = { x: plate.x - plate.w * 0.1, y: plate.y - plate.h * 0.35, w: plate.w * 1.2, h: plate.h * 1.7 };
  fillBox(canvas, recess, dark, body);
  const bumper = { x: left + w * 0.02, y: plate.y + plate.h + plate.w * 0.16, w: w * 0.96, h: plate.w * 0.2 };
  fillBox(canvas, bumper, [58, 58, 62], [34, 34, 38]);
}

function trapezium(
  canvas: Image,
  [top, bottom]: readonly [number, number],
  [topLeft, topRight]: readonly [number, number],
  [bottomLeft, bottomRight]: readonly [number, number],
  color: Color,
  lower: Color,
): void {
  const corners: Point[] = [
    [topLeft, top],
    [topRight, top],
    [bottomRight, bottom],
    [bottomLeft, bottom],
  ];
  fillPolygon(canvas, corners, color, lower);
}

/** Draws only a plate. */
export function drawPlate(canvas: Image, text: string, position: PlatePosition): void {
  const kind = position.kind ?? 'eu';
  const angle = position.angle ?? 0;
  const { x, y, w, h } = plateBox(position);
  const center: Point = [x + w / 2, y + h / 2];
  const rim = Math.max(1, h * 0.045);
  fillRimmed(canvas, center, { w, h, rim, angle }, plateRim, plateWhite);
  const band = kind === 'eu' ? w * 0.085 : 0;
  const radians = (angle * Math.PI) / 180;
  const at = (dx: number, dy: number): Point => [
    center[0] + dx * Math.cos(radians) - dy * Math.sin(radians),
    center[1] + dx * Math.sin(radians) + dy * Math.cos(radians),
  ];
  if (band > 0) {
    const middle = at(-w / 2 + rim + band / 2, 0);
    fillRimmed(canvas, middle, { w: band, h: h - 2 * rim, rim: 0, angle }, bandBlue, bandBlue);
  }
  const size = h * (kind === 'short' ? 0.42 : 0.58);
  const room = w - band - 2 * rim - size * 0.7;
  const stretch = Math.min(1, room / measureText(text, size));
  const [textX, textY] = at(band / 2 - measureText(text, size, stretch) / 2, -size / 2);
  drawText(canvas, text, { x: textX, y: textY, size, angle, stretch, color: plateInk, pen: 0.16 });
}
