/** Draws a pipeline's result over its photograph: correct detections in green; missed, misread and false ones in red. */
import type { Image } from '../../src/models/image.ts';
import type { Detection } from '../../src/protocol.ts';
import { type Color, fillBox, strokeLines } from '../../test/support/samples/canvas.ts';
import { type Box, drawText, measureText } from '../../test/support/samples/draw-text.ts';
import { isTextCorrect, matchPhoto } from './score.ts';
import type { TrueObject } from './truth.ts';

const green: Color = [60, 220, 90];
const red: Color = [255, 60, 50];
const shade: Color = [16, 16, 18];

/** Cap height and line width as fractions of the image's longer side, and the minimum cap height in pixels. */
const capHeightFraction = 1 / 50;
const minCapHeight = 9;
const lineFraction = 1 / 400;

interface Mark {
  readonly box: Box;
  readonly text: string;
  readonly color: Color;
}

/** Draws into the image. A mark is `TEXT 0.93`, `TEXT NOT TRUTH 0.93`, `FALSE TEXT 0.61` or `MISSED TRUTH`. */
export function drawAnswer(image: Image, objects: readonly TrueObject[], detections: readonly Detection[]): void {
  const longest = Math.max(image.width, image.height);
  const capital = Math.max(minCapHeight, longest * capHeightFraction);
  for (const mark of marksOf(objects, detections)) drawMark(image, mark, capital, Math.max(1, longest * lineFraction));
}

export function marksOf(objects: readonly TrueObject[], detections: readonly Detection[]): Mark[] {
  const { ranked, pairs } = matchPhoto({ objects, detections });
  const missed = pairs.filter(({ found }) => found === undefined);
  return [
    ...missed.map(({ object }) => ({ box: object, text: `MISSED ${object.text}`, color: red })),
    ...ranked.map(({ detection, object }) => {
      const { text = '', score } = detection;
      const end = `${text} ${score.toFixed(2)}`;
      if (object === undefined) return { box: detection, text: `FALSE ${end}`, color: red };
      // A pipeline without OCR is scored on its boxes only.
      if (detection.text === undefined || isTextCorrect(object, detection))
        return { box: detection, text: end, color: green };
      return { box: detection, text: `${text} NOT ${object.text} ${score.toFixed(2)}`, color: red };
    }),
  ];
}

function drawMark(image: Image, { box: { x, y, w, h }, text, color }: Mark, capital: number, line: number): void {
  const corners = [
    [x, y],
    [x + w, y],
    [x + w, y + h],
    [x, y + h],
    [x, y],
  ] as const;
  strokeLines(image, [corners], line, color);
  const label = inStrokeFont(text);
  const room = capital / 2;
  const size = { w: measureText(label, capital) + 2 * room, h: capital + 2 * room };
  const left = Math.max(0, Math.min(x, image.width - size.w));
  const above = y - size.h - line;
  const top = above >= 0 ? above : Math.min(y + h + line, image.height - size.h);
  fillBox(image, { x: left, y: top, ...size }, shade);
  drawText(image, label, { x: left + room, y: top + room, size: capital, color });
}

/** Replaces characters that the stroke font does not have with a plus. */
function inStrokeFont(text: string): string {
  return text
    .trim()
    .toUpperCase()
    .replace(/[^A-Z0-9 .,:/+-]/gu, '+');
}
