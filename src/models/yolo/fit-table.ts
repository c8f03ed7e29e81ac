/** Fits a format of boxes to a single output, which has everything about a box in one row or column. Any thread. */
import type { Extras, FitHints, OutputShape } from './fit-hints.ts';
import type { BoxFormatName } from './format-names.ts';
import { type BoxFormat, type Columns, countCells, type Grid, gridsOf, pyramids } from './output-format.ts';

/** v5 and v7 predict this many boxes per cell, one per anchor; YOLOX predicts one. */
const anchorsPerCell = 3;
/** DETRs predict 100 to 900 boxes; fewer are rows of something else. */
const minQueries = 10;
/** Values before the class scores: the box, and for v5 and YOLOX also the objectness. */
const boxValues = 4;
const boxAndObjectness = 5;
/** Values of a row whose class is picked: box, score, class. */
const pickedValues = 6;

/** An output as a table of boxes. */
interface Table {
  readonly output: string;
  readonly rows: number;
  readonly columns: number;
  readonly transposed: boolean;
  readonly extras: Extras;
  readonly hints: FitHints;
  /** `model.json` names the format, so a misleading shape is accepted. */
  readonly isNamed: boolean;
}

type Fit = (table: Table) => Omit<BoxFormat, 'name'> | undefined;

const fits: Partial<Record<BoxFormatName, Fit>> = {
  ultralytics: (table) => {
    const { rows, columns, isNamed } = table;
    return isNamed || rows >= columns ? withScores(table, boxValues) : undefined;
  },
  yolov5: (table) => {
    const { rows, hints, isNamed } = table;
    const isDense = findGrids(rows, anchorsPerCell, hints) !== undefined;
    return isNamed || isDense ? withScores(table, boxAndObjectness) : undefined;
  },
  yolox: (table) => {
    const grids = findGrids(table.rows, 1, table.hints);
    const format = grids && isDetection(table) ? withScores(table, boxAndObjectness) : undefined;
    return format && grids && { ...format, grids };
  },
  'end-to-end': (table) => {
    const coordinates = table.hints.task === 'obb' ? 'center' : 'corners';
    const format = withPickedClass(table);
    return format && { ...format, coordinates };
  },
  'detr-scores': (table) => (isQueries(table) ? asFractions(withScores(table, boxValues)) : undefined),
  'detr-top-k': (table) => (isQueries(table) ? asFractions(withPickedClass(table)) : undefined),
};

/** @returns the format of that name if the output `[1, rows, columns]` fits it. */
export function fitTable(name: BoxFormatName, output: OutputShape, extras: Extras, hints: FitHints): BoxFormat[] {
  const [, first = 0, second = 0] = output.dims;
  const transposed = name === 'ultralytics';
  const [rows, columns] = transposed ? [second, first] : [first, second];
  const isNamed = hints.names.length === 1;
  const fit = fits[name]?.({ output: output.name, rows, columns, transposed, extras, hints, isNamed });
  return fit === undefined ? [] : [{ name, ...fit }];
}

function isDetection({ hints }: Table): boolean {
  return hints.task === 'detect';
}

function isQueries(table: Table): boolean {
  return isDetection(table) && (table.isNamed || table.rows >= minQueries);
}

function span({ output, transposed }: Table, at: number, count: number): Columns {
  return { output, at, count, transposed };
}

function shared(table: Table) {
  const { columns, extras } = table;
  const { count, prototypes } = extras;
  return {
    boxes: span(table, 0, boxValues),
    coordinates: 'center',
    unit: 'pixels',
    ...(count === 0 ? {} : { extras: span(table, columns - count, count) }),
    ...(prototypes === undefined ? {} : { prototypes }),
  } as const;
}

/** One score per class, after `before` values. */
function withScores(table: Table, before: number): Omit<BoxFormat, 'name'> | undefined {
  const classes = table.columns - before - table.extras.count;
  if (classes < 1) return undefined;
  const objectness = before === boxAndObjectness ? { objectness: span(table, boxValues, 1) } : {};
  return {
    ...shared(table),
    scores: { kind: 'classes', columns: span(table, before, classes), ...objectness },
    needsNms: true,
  };
}

function withPickedClass(table: Table): Omit<BoxFormat, 'name'> | undefined {
  if (table.columns !== pickedValues + table.extras.count) return undefined;
  const [score, label] = [span(table, boxValues, 1), span(table, boxValues + 1, 1)];
  return { ...shared(table), scores: { kind: 'best', score, label }, needsNms: false };
}

function asFractions(format: Omit<BoxFormat, 'name'> | undefined): Omit<BoxFormat, 'name'> | undefined {
  return format && { ...format, unit: 'fractions', needsNms: false };
}

/** Finds the pyramid with `boxes` boxes in total. */
function findGrids(boxes: number, perCell: number, { inputWidth, inputHeight }: FitHints): Grid[] | undefined {
  return pyramids
    .map((strides) => gridsOf(strides, inputWidth, inputHeight))
    .find((grids) => countCells(grids) * perCell === boxes);
}
