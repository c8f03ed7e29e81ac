/** Checks that a run returns tables of the shape that a format was found for: only the number of rows may change. Any thread. */
import type { Outputs, Tensor } from '../model.ts';
import type { BoxFormat, Columns } from './output-format.ts';

/** @returns why the outputs cannot be decoded, in one line; `undefined` if they can. */
export function tableIssue(format: BoxFormat, outputs: Outputs): string | undefined {
  const spans = spansOf(format);
  const boxes = outputs[format.boxes.output];
  const rows = boxes && sizeOf(boxes, format.boxes).rows;
  for (const span of spans) {
    const tensor = outputs[span.output];
    if (tensor === undefined) return `the model returned no output ${span.output}`;
    const found = sizeOf(tensor, span);
    // The last span of an output ends at its last column.
    const columns = Math.max(
      ...spans.filter(({ output }) => output === span.output).map(({ at, count }) => at + count),
    );
    if (found.columns !== columns || found.rows !== rows || tensor.data.length < found.columns * found.rows) {
      return shapeIssue(span.output, tensor);
    }
  }
  return prototypeIssue(format, outputs);
}

function spansOf({ boxes, scores, extras }: BoxFormat): Columns[] {
  const shared = extras === undefined ? [boxes] : [boxes, extras];
  switch (scores.kind) {
    case 'best':
      return [...shared, scores.score, scores.label];
    case 'logits':
      return [...shared, scores.columns];
    case 'classes':
      return [...shared, scores.columns, ...(scores.objectness === undefined ? [] : [scores.objectness])];
  }
}

/** NaN, which equals nothing, if the output has fewer than two dimensions. */
function sizeOf({ dims }: Tensor, { transposed }: Columns): { rows: number; columns: number } {
  const [before = Number.NaN, last = Number.NaN] = dims.slice(-2);
  return transposed ? { rows: last, columns: before } : { rows: before, columns: last };
}

/** The grid of the prototypes may change, but neither their number nor their layout. */
function prototypeIssue({ prototypes, extras }: BoxFormat, outputs: Outputs): string | undefined {
  if (prototypes === undefined) return undefined;
  const tensor = outputs[prototypes];
  if (tensor === undefined) return `the model returned no output ${prototypes}`;
  const [batch, count, rows = 0, columns = 0, ...rest] = tensor.dims;
  const isSame = batch === 1 && count === extras?.count && rows > 0 && columns > 0 && rest.length === 0;
  return isSame ? undefined : shapeIssue(prototypes, tensor);
}

function shapeIssue(output: string, { dims }: Tensor): string {
  return `output ${output} has shape [${dims.join(', ')}], unlike in the first run`;
}
