/** Finds the formats of boxes that the shapes of a model's outputs fit. Any thread. */

import type { Extras, FitHints, OutputShape } from './fit-hints.ts';
import { fitSeveral } from './fit-several.ts';
import { fitTable } from './fit-table.ts';
import { boxFormatNames } from './format-names.ts';
import type { BoxFormat } from './output-format.ts';

/** An output with as many columns has boxes only: their scores are in another one. */
const boxValues = 4;

/** @returns every format that fits, in the order of {@link boxFormatNames}. */
export function fitFormats(outputs: readonly OutputShape[], hints: FitHints): BoxFormat[] {
  const extras = extrasOf(outputs, hints);
  if (extras === undefined) return [];
  const tables = outputs.filter(({ dims }) => dims.length === 3 && dims[0] === 1);
  const isSpread =
    outputs.length > tables.length + maps(outputs).length || tables.some(({ dims }) => dims[2] === boxValues);
  const singles = isSpread ? [] : tables;
  return boxFormatNames
    .filter((name) => hints.names.includes(name))
    .flatMap((name) => [
      ...singles.flatMap((table) => fitTable(name, table, extras, hints)),
      ...(hints.task === 'detect' ? fitSeveral(name, outputs, tables) : []),
    ]);
}

/** Outputs that are no tables of boxes: mask prototypes, and the raw feature maps that old v5 exports return as well. */
function maps(outputs: readonly OutputShape[]): readonly OutputShape[] {
  return outputs.filter(({ dims }) => dims.length > 3);
}

/** Values that each box has after its scores; `undefined` if the outputs are not those of the task. */
function extrasOf(outputs: readonly OutputShape[], { task, poseValues }: FitHints): Extras | undefined {
  switch (task) {
    case 'detect':
      return { count: 0 };
    case 'obb':
      return { count: 1 };
    case 'pose':
      return { count: poseValues };
    case 'segment': {
      const prototypes = prototypesOf(outputs);
      return prototypes && { count: prototypes.dims[1] as number, prototypes: prototypes.name };
    }
  }
}

/** The output `[1, coefficients, height, width]` of a segmentation model. */
export function prototypesOf(outputs: readonly OutputShape[]): OutputShape | undefined {
  const found = outputs.filter(({ dims }) => dims.length === 4 && dims[0] === 1);
  return found.length === 1 ? found[0] : undefined;
}
