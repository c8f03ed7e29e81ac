/** An image to draw on: antialiased polygons and strokes, shading and noise. Tests and benches. */
import type { Image } from '../../../src/models/image.ts';
import { seededRandom } from '../seeded-random.ts';
import type { Point } from './stroke-font.ts';

/** Red, green, blue, each 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** Creates an RGB image filled with one color. */
export function createCanvas(width: number, height: number, color: Color): Image {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 3) data.set(color, at);
  return { width, height, channels: 3, data };
}

/**
 * Fills a convex polygon whose corners are clockwise on the screen.
 * @param bottom the color at the lowest point, for a vertical gradient from `color` at the highest.
 */
export function fillPolygon(canvas: Image, corners: readonly Point[], color: Color, bottom: Color = color): void {
  const box = boxOf(corners, 1);
  const span = Math.max(1, box.y1 - box.y0);
  paint(
    canvas,
    box,
    (x, y) => {
      let inside = 1;
      corners.forEach(([ax, ay], i) => {
        const [bx, by] = corners[(i + 1) % corners.length] as Point;
        const length = Math.hypot(bx - ax, by - ay) || 1;
        const distance = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length;
        inside = Math.min(inside, 0.5 + distance);
      });
      return inside;
    },
    (y) => mix(color, bottom, (y - box.y0) / span),
  );
}

/** Fills an upright rectangle. */
export function fillBox(
  canvas: Image,
  box: { x: number; y: number; w: number; h: number },
  color: Color,
  bottom: Color = color,
): void {
  const { x, y, w, h } = box;
  fillPolygon(
    canvas,
    [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ],
    color,
    bottom,
  );
}

/** Draws strokes with a round pen as one shape. */
export function strokeLines(
  canvas: Image,
  strokes: readonly (readonly Point[])[],
  thickness: number,
  color: Color,
): void {
  const box = boxOf(strokes.flat(), thickness / 2 + 1);
  paint(
    canvas,
    box,
    (x, y) => {
      let nearest = Number.POSITIVE_INFINITY;
      for (const stroke of strokes) {
        for (let i = 1; i < stroke.length; i++) {
          nearest = Math.min(nearest, distanceTo(x, y, stroke[i - 1] as Point, stroke[i] as Point));
        }
      }
      return thickness / 2 - nearest + 0.5;
    },
    () => color,
  );
}

/** Multiplies every pixel by a factor that depends on its position. */
export function shade(canvas: Image, factorAt: (x: number, y: number) => number): void {
  let at = 0;
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      const factor = factorAt(x, y);
      for (let channel = 0; channel < 3; channel++, at++) {
        canvas.data[at] = Math.min(255, Math.round((canvas.data[at] as number) * factor));
      }
    }
  }
}

/** Adds uniform noise of at most `amount` levels, the same for all three channels of a pixel. */
export function addNoise(canvas: Image, amount: number, seed: number): void {
  const random = seededRandom(seed);
  for (let at = 0; at < canvas.width * canvas.height * 3; at += 3) {
    const change = Math.round((random() * 2 - 1) * amount);
    for (let channel = at; channel < at + 3; channel++) {
      canvas.data[channel] = Math.min(255, Math.max(0, (canvas.data[channel] as number) + change));
    }
  }
}

/** Blends a color into each pixel of a box by its coverage, clamped to 0 to 1. */
function paint(
  canvas: Image,
  box: { x0: number; y0: number; x1: number; y1: number },
  coverageAt: (x: number, y: number) => number,
  colorAt: (y: number) => Color,
): void {
  const right = Math.min(canvas.width, Math.ceil(box.x1));
  const bottom = Math.min(canvas.height, Math.ceil(box.y1));
  const left = Math.max(0, Math.floor(box.x0));
  for (let y = Math.max(0, Math.floor(box.y0)); y < bottom; y++) {
    const color = colorAt(y);
    for (let x = left; x < right; x++) {
      const coverage = Math.min(1, coverageAt(x + 0.5, y + 0.5));
      if (coverage <= 0) continue;
      const at = (y * canvas.width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const old = canvas.data[at + channel] as number;
        canvas.data[at + channel] = Math.round(old + ((color[channel] as number) - old) * coverage);
      }
    }
  }
}

function mix(from: Color, to: Color, part: number): Color {
  const t = Math.min(1, Math.max(0, part));
  return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t, from[2] + (to[2] - from[2]) * t];
}

function boxOf(points: readonly Point[], margin: number): { x0: number; y0: number; x1: number; y1: number } {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return {
    x0: Math.min(...xs) - margin,
    y0: Math.min(...ys) - margin,
    x1: Math.max(...xs) + margin,
    y1: Math.max(...ys) + margin,
  };
}

/** Distance from a point to a line segment. */
function distanceTo(x: number, y: number, [ax, ay]: Point, [bx, by]: Point): number {
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = squared === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}
