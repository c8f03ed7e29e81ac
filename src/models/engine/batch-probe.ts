/** Finds out whether a model can run several rows at once, by running it. Engine threads. */
import type { TensorShape } from '../model.ts';
import { isNumeric, type RawTensor, type RawTensors } from '../tensor-types.ts';
import type { BatchLayout, RowShape } from './batch-memory.ts';
import type { DeviceModel } from './device.ts';
import type { BatchRules } from './messages.ts';
import { rowOf } from './row-batch.ts';

/** Larger batches add latency, and little throughput: most cards are busy with eight frames of a small detector. */
const defaultMaxBatch = 8;
/** One batch runs while the next one is written. */
const rowsPerBatch = 2;
/** Rows for a model that is run row by row: more workers than that wait. */
const unstackedRows = 16;

/** A batch that takes longer adds more latency than the cameras in it gain. */
const maxBatchMs = 500;

/** One row and two have run by then. */
const minUntriedRows = 3;

/**
 * Kernels differ between batch sizes, and half precision has three digits. Rows that depend on each other differ by much more. The
 * difference is relative to the largest value of the output.
 */
const maxRelativeDifference = 0.02;

/** A model, as far as the probe needs it. */
export interface ProbedModel extends Pick<DeviceModel, 'run'> {
  /** Duration of the last run, without what it waited for; by default, runs are taken to be fast. */
  readonly lastRunMs?: () => number;
}

export interface ProbedBatch {
  readonly layout: BatchLayout;
  /** Rows of every run, if the file fixes them. */
  readonly fixedRows: number | undefined;
  /** Why rows are run one at a time; undefined if they are not. */
  readonly issue: string | undefined;
}

/** @returns the largest batch that a file allows, or why it allows none. */
export function batchSizeOf(inputs: readonly TensorShape[], { maxBatch = defaultMaxBatch }: BatchRules): BatchSize {
  const sizes = new Set(inputs.map(({ dims }) => (typeof dims[0] === 'string' ? 'free' : dims[0])));
  const [size] = sizes;
  if (sizes.size > 1 || size === undefined)
    return { maxBatch: 1, issue: `its inputs have different batch sizes: ${[...sizes].join(', ')}` };
  if (size === 1) {
    const advice = 'export it with a dynamic batch, or use framegate models batch';
    return { maxBatch: 1, issue: `the file fixes its batch size at 1; ${advice}` };
  }
  return size === 'free' ? { maxBatch } : { maxBatch: size, fixedRows: size };
}

export interface BatchSize {
  readonly maxBatch: number;
  readonly fixedRows?: number;
  readonly issue?: string;
}

/**
 * Runs a model on one row, and on several, and compares. Runs each batch size, since the first run of a size is slow on most devices.
 * @param sample one row of each input, with a batch dimension of 1.
 * @param isProven whether rows of another shape did not depend on each other: then these do not either, and one run tells the outputs.
 * @throws Error when the model does not run.
 */
export async function probeBatch(
  model: ProbedModel,
  sample: RawTensors,
  size: BatchSize,
  isProven = false,
): Promise<ProbedBatch> {
  const { fixedRows } = size;
  const one = await model.run(stack([sample], fixedRows ?? 1));
  const unstacked = (issue: string | undefined): ProbedBatch => ({
    layout: {
      ...{ rows: unstackedRows, maxBatch: 1, isStacked: false },
      ...{ inputs: shapesOf(sample), outputs: shapesOf(one) },
    },
    ...{ fixedRows: undefined, issue },
  });
  if (size.maxBatch === 1) return unstacked(size.issue);
  const issue = isProven ? undefined : await comparePair(model, sample, one, fixedRows);
  if (issue !== undefined) {
    if (fixedRows === undefined) return unstacked(issue);
    throw new Error(`its batch of ${fixedRows} cannot be split: ${issue}`);
  }
  const maxBatch =
    isProven || fixedRows !== undefined ? size.maxBatch : await largestBatch(model, sample, size.maxBatch);
  return {
    layout: {
      ...{ rows: rowsPerBatch * maxBatch, maxBatch, isStacked: true },
      ...{ inputs: shapesOf(sample).map(withoutBatch), outputs: shapesOf(one).map(withoutBatch) },
    },
    ...{ fixedRows, issue: undefined },
  };
}

/** Runs each batch size that was not tried. @returns the largest that is fast enough. */
async function largestBatch(model: ProbedModel, sample: RawTensors, maxBatch: number): Promise<number> {
  const isSlow = async (rows: number) => {
    await model.run(stack([sample], rows));
    return (model.lastRunMs?.() ?? 0) > maxBatchMs;
  };
  for (let rows = minUntriedRows; rows <= maxBatch; rows++) {
    // The first run of a size may compile or choose kernels; the second one does not.
    if ((await isSlow(rows)) && (await isSlow(rows))) return rows - 1;
  }
  return maxBatch;
}

/** @returns why the second of two rows is not what it is alone; undefined if it is. */
async function comparePair(
  model: Pick<DeviceModel, 'run'>,
  sample: RawTensors,
  one: RawTensors,
  fixedRows: number | undefined,
) {
  const count = fixedRows ?? 2;
  try {
    const pair = await model.run(stack([blankOf(sample), sample], count));
    const [alone, second] = [rowOf(one, 0, fixedRows ?? 1), rowOf(pair, 1, count)];
    for (const name in alone) {
      if (differs(alone[name] as RawTensor, second[name] as RawTensor))
        return `output ${name} of a row depends on the other rows`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

function differs(alone: RawTensor, second: RawTensor): boolean {
  if (alone.dims.join() !== second.dims.join()) return true;
  const values = Array.from(alone.data as ArrayLike<number | bigint>, Number);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return values.some(
    (value, index) => Math.abs(value - Number(second.data[index])) > maxRelativeDifference * Math.max(largest, 1e-6),
  );
}

/** Rows one after the other, the last one repeated up to `count`. */
function stack(rows: readonly RawTensors[], count: number): RawTensors {
  const last = rows.at(-1) as RawTensors;
  return mapTensors(last, ({ type, data, dims }, name) => {
    const stacked = new (data.constructor as new (size: number) => RawTensor['data'])(data.length * count);
    for (let row = 0; row < count; row++)
      stacked.set(((rows[row] ?? last)[name] as RawTensor).data as never, row * data.length);
    return { type, data: stacked, dims: count === 1 ? dims : [count, ...dims.slice(1)] };
  });
}

/** The same with the largest input filled with a value: the other inputs are sizes and scales, which must stay. */
function blankOf(sample: RawTensors): RawTensors {
  const largest = Object.values(sample).reduce((max, { data }) => Math.max(max, data.length), 0);
  return mapTensors(sample, (tensor) =>
    tensor.data.length === largest ? { ...tensor, data: filled(tensor.data) } : tensor,
  );
}

function filled(data: RawTensor['data']): RawTensor['data'] {
  // Zeros would not show in a row that adds up the others.
  const value = data.some((each: number | bigint) => Number(each) !== 1) ? 1 : 0;
  const values = data.slice();
  return values.fill((typeof data[0] === 'bigint' ? BigInt(value) : value) as never);
}

function mapTensors(tensors: RawTensors, change: (tensor: RawTensor, name: string) => RawTensor): RawTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

function shapesOf(tensors: RawTensors): RowShape[] {
  return Object.entries(tensors).map(([name, { type, dims }]) => {
    if (!isNumeric(type)) throw new TypeError(`output ${name} is ${type}; expected numbers`);
    return { name, type, dims };
  });
}

function withoutBatch({ name, type, dims }: RowShape): RowShape {
  return { name, type, dims: dims.slice(1) };
}
