/** Bitmaps of 0 and 1, row by row: from polygons, without holes, and how much two of them overlap. Tests only. */
import type { Point } from '../../src/protocol.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Sets the pixels whose center is inside a ring, by the even-odd rule. */
export function rasterize(rings: readonly (readonly Point[])[], { width, height }: Size): Uint8Array {
  const pixels = new Uint8Array(width * height);
  for (const ring of rings) {
    for (let y = 0; y < height; y++) {
      const crossings = crossingsOf(ring, y + 0.5);
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
        const from = Math.max(0, Math.ceil((crossings[pair] as number) - 0.5));
        const to = Math.min(width, Math.ceil((crossings[pair + 1] as number) - 0.5));
        if (from < to) pixels.fill(1, y * width + from, y * width + to);
      }
    }
  }
  return pixels;
}

/** Where a ring crosses a row, from left to right. */
function crossingsOf(ring: readonly Point[], y: number): number[] {
  const crossings = ring.flatMap(([x1, y1], index) => {
    const [x2, y2] = ring.at(index - 1) as Point;
    return y1 > y !== y2 > y ? [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)] : [];
  });
  return crossings.sort((a, b) => a - b);
}

/** Sets every pixel that cannot be reached from the border over pixels of 0, in four directions. */
export function fillHoles(pixels: Uint8Array, { width, height }: Size): Uint8Array {
  const filled = new Uint8Array(width * height).fill(1);
  const border = Array.from(pixels.keys()).filter((at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  const open = border.filter((at) => pixels[at] === 0);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (filled[at] === 0) continue;
    filled[at] = 0;
    const x = at % width;
    const next = [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width];
    open.push(...next.filter((neighbor) => pixels[neighbor] === 0 && filled[neighbor] === 1));
  }
  return filled;
}

/** Intersection over union, 0 to 1; 1 if both are empty. */
export function maskIou(a: Uint8Array, b: Uint8Array): number {
  let [shared, either] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    if (a[at] === 1 && b[at] === 1) shared += 1;
    if (a[at] === 1 || b[at] === 1) either += 1;
  }
  return either === 0 ? 1 : shared / either;
}
