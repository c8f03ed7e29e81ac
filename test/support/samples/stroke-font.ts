/** A hand-drawn stroke font: A-Z, 0-9 and some punctuation as polylines. Tests and benches. */

export type Point = readonly [x: number, y: number];

/** One glyph: its width and strokes in units of which a capital is {@link capHeight} high; y points down. */
export interface Glyph {
  readonly width: number;
  readonly strokes: readonly (readonly Point[])[];
}

/** Height of a capital letter in glyph units. */
export const capHeight = 6;

/** Space between two glyphs, and the width of a space, in glyph units. */
export const letterGap = 1.5;
export const spaceWidth = 2.6;

/** Segments per curve; more make no visible difference at the sizes that are drawn. */
const curveSegments = 8;

/**
 * Center lines of the strokes as SVG path commands: `M` moves, `L` draws a line, `Q` a
 * quadratic curve. The first number is the glyph's width.
 */
const paths: Readonly<Record<string, string>> = {
  A: '4.4 M0 6 L2.2 0 L4.4 6 M0.75 4.1 L3.65 4.1',
  B: '3.7 M0 0 L0 6 L2 6 Q3.7 6 3.7 4.4 Q3.7 2.85 2 2.85 L0 2.85 M2 2.85 Q3.4 2.85 3.4 1.4 Q3.4 0 1.9 0 L0 0',
  C: '4 M4 1.5 Q3.7 0 2.1 0 Q0 0 0 3 Q0 6 2.1 6 Q3.7 6 4 4.5',
  D: '4 M0 0 L0 6 L1.6 6 Q4 6 4 3 Q4 0 1.6 0 L0 0',
  E: '3.4 M3.4 0 L0 0 L0 6 L3.4 6 M0 2.9 L2.9 2.9',
  F: '3.3 M3.3 0 L0 0 L0 6 M0 2.9 L2.8 2.9',
  G: '4.1 M3.9 1.4 Q3.6 0 2.1 0 Q0 0 0 3 Q0 6 2.2 6 Q4.1 6 4.1 3.8 L4.1 3.2 L2.3 3.2',
  H: '4 M0 0 L0 6 M4 0 L4 6 M0 2.9 L4 2.9',
  I: '0.6 M0.3 0 L0.3 6',
  J: '3 M3 0 L3 4.2 Q3 6 1.5 6 Q0 6 0 4.2',
  K: '3.9 M0 0 L0 6 M3.8 0 L0 3.7 M1.3 2.5 L3.9 6',
  L: '3.2 M0 0 L0 6 L3.2 6',
  M: '4.8 M0 6 L0 0 L2.4 4 L4.8 0 L4.8 6',
  N: '4 M0 6 L0 0 L4 6 L4 0',
  O: '4.6 M2.3 0 Q0 0 0 3 Q0 6 2.3 6 Q4.6 6 4.6 3 Q4.6 0 2.3 0',
  P: '3.7 M0 6 L0 0 L2 0 Q3.7 0 3.7 1.7 Q3.7 3.4 2 3.4 L0 3.4',
  Q: '4.6 M2.3 0 Q0 0 0 3 Q0 6 2.3 6 Q4.6 6 4.6 3 Q4.6 0 2.3 0 M2.8 4.4 L4.6 6.5',
  R: '3.9 M0 6 L0 0 L2 0 Q3.7 0 3.7 1.6 Q3.7 3.2 2 3.2 L0 3.2 M2 3.2 L3.9 6',
  S: '3.8 M3.6 1.4 Q3.3 0 1.9 0 Q0.2 0 0.2 1.5 Q0.2 2.6 1.9 2.95 Q3.8 3.3 3.8 4.5 Q3.8 6 1.9 6 Q0.2 6 0 4.4',
  T: '4 M0 0 L4 0 M2 0 L2 6',
  U: '4 M0 0 L0 3.8 Q0 6 2 6 Q4 6 4 3.8 L4 0',
  V: '4.3 M0 0 L2.15 6 L4.3 0',
  W: '6 M0 0 L1.5 6 L3 0.6 L4.5 6 L6 0',
  X: '4.1 M0 0 L4.1 6 M4.1 0 L0 6',
  Y: '4.2 M0 0 L2.1 3 L4.2 0 M2.1 3 L2.1 6',
  Z: '3.9 M0 0 L3.9 0 L0 6 L3.9 6',
  '0': '3.4 M1.7 0 Q0 0 0 3 Q0 6 1.7 6 Q3.4 6 3.4 3 Q3.4 0 1.7 0',
  '1': '2 M0 1.5 L1.6 0 L1.6 6',
  '2': '3.6 M0.1 1.6 Q0.2 0 1.9 0 Q3.5 0 3.5 1.6 Q3.5 2.6 2.4 3.6 L0 6 L3.6 6',
  '3': '3.5 M0 1.1 Q0.5 0 1.7 0 Q3.3 0 3.3 1.45 Q3.3 2.8 1.5 2.8 Q3.5 2.8 3.5 4.4 Q3.5 6 1.7 6 Q0.4 6 0 4.8',
  '4': '3.9 M2.9 6 L2.9 0 L0 4.2 L3.9 4.2',
  '5': '3.5 M3.2 0 L0.5 0 L0.2 2.9 Q0.9 2.3 1.8 2.3 Q3.5 2.3 3.5 4.1 Q3.5 6 1.7 6 Q0.4 6 0 4.9',
  '6': '3.6 M3.2 0.8 Q2.8 0 1.9 0 Q0 0 0 3.4 Q0 6 1.8 6 Q3.6 6 3.6 4.1 Q3.6 2.4 1.9 2.4 Q0.2 2.4 0 4',
  '7': '3.5 M0 0 L3.5 0 L1.3 6',
  '8': '3.6 M1.8 2.8 Q0.2 2.8 0.2 1.4 Q0.2 0 1.8 0 Q3.4 0 3.4 1.4 Q3.4 2.8 1.8 2.8 Q0 2.8 0 4.4 Q0 6 1.8 6 Q3.6 6 3.6 4.4 Q3.6 2.8 1.8 2.8',
  '9': '3.6 M0.4 5.2 Q0.8 6 1.7 6 Q3.6 6 3.6 2.6 Q3.6 0 1.8 0 Q0 0 0 1.9 Q0 3.6 1.7 3.6 Q3.4 3.6 3.6 2',
  '-': '2.2 M0 3.3 L2.2 3.3',
  '.': '0.4 M0.2 5.9 L0.2 6',
  ',': '0.6 M0.5 5.8 L0.5 6 L0.1 6.8',
  ':': '0.4 M0.2 2.2 L0.2 2.3 M0.2 5.7 L0.2 5.8',
  '/': '2.8 M0 6.4 L2.8 -0.4',
  '+': '3.2 M1.6 1.6 L1.6 4.8 M0 3.2 L3.2 3.2',
};

const glyphs: ReadonlyMap<string, Glyph> = new Map(
  Object.entries(paths).map(([character, path]) => [character, parseGlyph(path)]),
);

/**
 * The glyph of one character.
 * @throws RangeError for a character that the font does not have, so no test silently draws less than it expects.
 */
export function glyphOf(character: string): Glyph {
  const glyph = glyphs.get(character);
  if (glyph === undefined) throw new RangeError(`the stroke font has no "${character}"`);
  return glyph;
}

/** Width of a line of text in glyph units. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += (character === ' ' ? spaceWidth : glyphOf(character).width) + letterGap;
  return Math.max(0, width - letterGap);
}

function parseGlyph(path: string): Glyph {
  const [width, ...steps] = path.split(/ (?=[MLQ])/);
  const strokes: Point[][] = [];
  for (const step of steps) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = step.slice(1).split(' ').map(Number);
    if (step.startsWith('M')) strokes.push([[x0, y0]]);
    else if (step.startsWith('L')) strokes.at(-1)?.push([x0, y0]);
    else addCurve(strokes.at(-1) ?? [], [x0, y0], [x1, y1]);
  }
  return { width: Number(width), strokes };
}

/** Continues a stroke along a quadratic Bézier curve. */
function addCurve(stroke: Point[], control: Point, end: Point): void {
  const [startX, startY] = stroke.at(-1) ?? control;
  for (let i = 1; i <= curveSegments; i++) {
    const t = i / curveSegments;
    const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
    stroke.push([a * startX + b * control[0] + c * end[0], a * startY + b * control[1] + c * end[1]]);
  }
}
