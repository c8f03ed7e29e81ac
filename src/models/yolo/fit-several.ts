/** Fits a format of boxes to several outputs, and to Paddle's, whose rows have no batch dimension. Any thread. */
import type { OutputShape } from './fit-hints.ts';
import type { BoxFormatName } from './format-names.ts';
import type { BoxFormat, Columns } from './output-format.ts';

/** Class, score and box. */
const paddleValues = 6;
const boxValues = 4;

/**
 * @param outputs all outputs of the model.
 * @param tables those `[1, rows, columns]`.
 * @returns the formats of that name that fit.
 */
export function fitSeveral(
  name: BoxFormatName,
  outputs: readonly OutputShape[],
  tables: readonly OutputShape[],
): BoxFormat[] {
  switch (name) {
    case 'detr-logits':
      return pairsOf(tables).flatMap(([boxes, scores]) => fitLogits(boxes, scores));
    case 'boxes-scores':
      return pairsOf(tables).flatMap(([boxes, scores]) => fitScores(boxes, scores));
    case 'boxes-labels':
      return fitLabels(outputs, tables);
    case 'paddle':
      return fitPaddle(outputs, tables);
    default:
      return [];
  }
}

/** Every output `[1, N, 4]` with every other table. */
function pairsOf(tables: readonly OutputShape[]): [boxes: OutputShape, scores: OutputShape][] {
  return tables
    .filter(({ dims }) => dims[2] === boxValues)
    .flatMap((boxes) =>
      tables.filter((other) => other !== boxes).map((other): [OutputShape, OutputShape] => [boxes, other]),
    );
}

function whole({ name: output, dims }: OutputShape, transposed = false): Columns {
  return { output, at: 0, count: (transposed ? dims.at(-2) : dims.at(-1)) as number, transposed };
}

function fitLogits(boxes: OutputShape, scores: OutputShape): BoxFormat[] {
  if (scores.dims[1] !== boxes.dims[1]) return [];
  const columns = whole(scores);
  return [
    {
      name: 'detr-logits',
      boxes: whole(boxes),
      coordinates: 'center',
      unit: 'fractions',
      scores: { kind: 'logits', columns },
      needsNms: false,
    },
  ];
}

function fitScores(boxes: OutputShape, scores: OutputShape): BoxFormat[] {
  const [, first, second] = scores.dims;
  const rows = boxes.dims[1];
  if (first !== rows && second !== rows) return [];
  const columns = whole(scores, first !== rows);
  return [
    {
      name: 'boxes-scores',
      boxes: whole(boxes),
      coordinates: 'corners',
      unit: 'pixels',
      scores: { kind: 'classes', columns },
      needsNms: true,
    },
  ];
}

/** The output with whole numbers, or else the one whose name says that it has labels: scores may be called `class_scores`. */
function labelOf(columns: readonly OutputShape[]): OutputShape | undefined {
  return columns.find(({ type }) => /^u?int/.test(type)) ?? columns.find(({ name }) => /label|class/i.test(name));
}

function fitLabels(outputs: readonly OutputShape[], tables: readonly OutputShape[]): BoxFormat[] {
  const boxes = tables.find(({ dims }) => dims[2] === boxValues);
  const columns = outputs.filter(({ dims }) => dims.length === 2 && dims[0] === 1 && dims[1] === boxes?.dims[1]);
  const counts = outputs.filter(({ dims }) => dims.every((size) => size === 1));
  const label = labelOf(columns);
  const score = columns.find((column) => column !== label);
  if (boxes === undefined || label === undefined || score === undefined || columns.length > 2) return [];
  return [
    {
      name: 'boxes-labels',
      boxes: whole(boxes),
      coordinates: 'corners',
      unit: 'pixels',
      scores: { kind: 'best', score: whole(score, true), label: whole(label, true) },
      ...(counts[0] === undefined ? {} : { count: counts[0].name }),
      needsNms: false,
    },
  ];
}

/** A list of six labels or scores of another format has the same shape, but boxes beside it. */
function fitPaddle(outputs: readonly OutputShape[], tables: readonly OutputShape[]): BoxFormat[] {
  if (tables.length > 0) return [];
  return outputs.filter(({ dims }) => dims.length === 2 && dims[1] === paddleValues).map(paddle);
}

function paddle({ name: output }: OutputShape): BoxFormat {
  const span = (at: number, count: number): Columns => ({ output, at, count, transposed: false });
  return {
    name: 'paddle',
    boxes: span(2, 4),
    coordinates: 'corners',
    unit: 'pixels',
    scores: { kind: 'best', score: span(1, 1), label: span(0, 1) },
    needsNms: false,
  };
}
