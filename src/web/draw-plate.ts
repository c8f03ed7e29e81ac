/** Draws a license plate of the sample scene. Its letters are strokes, so that they are the same, and legible, whatever fonts are installed. */
import { paint } from './paint.ts';

/** Width over height of a European plate: 520 × 110 mm. */
const width = 520;
const height = 110;
const rim = 5;
const bandWidth = 44;
/** Height of a letter, and the width of its strokes. */
const capHeight = 64;
const pen = 10.2;
/** Between two letters, and at both ends of the line. */
const gap = 16;
const margin = 22;

/** Height of the letters below, and the width and center lines of each, as SVG path data. */
const unitsHigh = 6;
const letters: Readonly<Record<string, readonly [width: number, strokes: string]>> = {
  E: [3.4, 'M3.4 0L0 0L0 6L3.4 6M0 2.9L2.9 2.9'],
  F: [3.3, 'M3.3 0L0 0L0 6M0 2.9L2.8 2.9'],
  H: [4, 'M0 0L0 6M4 0L4 6M0 2.9L4 2.9'],
  K: [3.9, 'M0 0L0 6M3.8 0L0 3.7M1.3 2.5L3.9 6'],
  L: [3.2, 'M0 0L0 6L3.2 6'],
  M: [4.8, 'M0 6L0 0L2.4 4L4.8 0L4.8 6'],
  N: [4, 'M0 6L0 0L4 6L4 0'],
  R: [3.9, 'M0 6L0 0L2 0Q3.7 0 3.7 1.6Q3.7 3.2 2 3.2L0 3.2M2 3.2L3.9 6'],
  T: [4, 'M0 0L4 0M2 0L2 6'],
  W: [6, 'M0 0L1.5 6L3 0.6L4.5 6L6 0'],
  X: [4.1, 'M0 0L4.1 6M4.1 0L0 6'],
  3: [3.5, 'M0 1.1Q0.5 0 1.7 0Q3.3 0 3.3 1.45Q3.3 2.8 1.5 2.8Q3.5 2.8 3.5 4.4Q3.5 6 1.7 6Q0.4 6 0 4.8'],
  4: [3.9, 'M2.9 6L2.9 0L0 4.2L3.9 4.2'],
  6: [3.6, 'M3.2 0.8Q2.8 0 1.9 0Q0 0 0 3.4Q0 6 1.8 6Q3.6 6 3.6 4.1Q3.6 2.4 1.9 2.4Q0.2 2.4 0 4'],
  7: [3.5, 'M0 0L3.5 0L1.3 6'],
  9: [3.6, 'M0.4 5.2Q0.8 6 1.7 6Q3.6 6 3.6 2.6Q3.6 0 1.8 0Q0 0 0 1.9Q0 3.6 1.7 3.6Q3.4 3.6 3.6 2'],
};

/** Draws a plate of width 1, with the middle of its upper edge at the origin. @throws RangeError for a letter that it cannot draw. */
export function drawPlate(context: CanvasRenderingContext2D, text: string): void {
  context.save();
  context.scale(1 / width, 1 / width);
  context.translate(-width / 2, 0);
  paint(context, rectangle(0, 0, width, height), '#1e1e22');
  paint(context, rectangle(rim, rim, width - 2 * rim, height - 2 * rim), ['#f2f2ee', '#e2e2dd'], [0, height]);
  paint(context, rectangle(rim, rim, bandWidth, height - 2 * rim), ['#2350b8', '#163a8f'], [0, height]);
  context.strokeStyle = '#16161a';
  context.lineWidth = pen;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.stroke(lineOf(text));
  context.restore();
}

/** The strokes of a line of text, in the middle of the white part; condensed if it is too long. */
function lineOf(text: string): Path2D {
  const glyphs = [...text].map((letter) => {
    const glyph = letters[letter];
    if (glyph === undefined) throw new RangeError(`no strokes for "${letter}"`);
    return glyph;
  });
  const scale = capHeight / unitsHigh;
  const room = width - 2 * rim - bandWidth - 2 * margin;
  const natural = glyphs.reduce((sum, [units]) => sum + units * scale + gap, -gap);
  const stretch = Math.min(1, room / natural);
  const line = new Path2D();
  let x = (width + bandWidth - stretch * natural) / 2;
  for (const [units, strokes] of glyphs) {
    const place = new DOMMatrix([scale * stretch, 0, 0, scale, x, (height - capHeight) / 2]);
    line.addPath(new Path2D(strokes), place);
    x += stretch * (units * scale + gap);
  }
  return line;
}

function rectangle(x: number, y: number, w: number, h: number): string {
  return `M${x} ${y}h${w}v${h}h${-w}Z`;
}
