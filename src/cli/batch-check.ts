/** Compares a model that takes batches with its original, which takes one image at a time. Main thread of the command line. */
import type { Inputs, InputTensor, Model, Outputs, Tensor, TensorShape } from '../models/model.ts';

/** Images of each batch, by index. Every image is in other company, and at another place, than in the batch before. */
const batches: readonly (readonly number[])[] = [[0], [2, 1], [1, 0, 3]];
const imageCount = 4;

/**
 * A value may differ by this fraction of it; one below 1 by this fraction of 1, or of the output's largest value if that is smaller. Rounding
 * differs by about 1e-6, since sums of a batch may be added up in another order. No box or score changes visibly by 1e-4.
 */
export const tolerance = 1e-4;
/** The same for models that compute in float16: rounding adds up over the layers, and 0.01 was seen. */
export const halfTolerance = 2 ** -6;
/** The tolerance is at most this fraction of what different images differ by, or rows that are mixed up could pass as rounding. */
const maxShare = 1 / 4;

/** Size of free dimensions other than the batch. A multiple of every common stride. */
const defaultFreeSide = 320;
/** Values of one image: those of 4096 x 4096 pixels. */
const maxImageValues = 3 * 4096 * 4096;

/** Height and width of the images if the model leaves them free. */
export interface FreeSize {
  readonly height: number;
  readonly width: number;
}

export type ImageInputs = readonly Inputs[];

/** @returns several different images for a model, each with a batch of 1. @throws Error when the inputs are too large. */
export function testImages(inputs: readonly TensorShape[], size: FreeSize | undefined): ImageInputs {
  return Array.from({ length: imageCount }, (_, image) =>
    Object.fromEntries(inputs.map((input) => [input.name, testTensor(input, image, size)])),
  );
}

function testTensor({ name, type, dims }: TensorShape, image: number, size: FreeSize | undefined): InputTensor {
  const fixed = dims.map((dim, axis) => {
    if (typeof dim === 'number' && dim > 0) return dim;
    if (axis === 0) return 1;
    return (size && dims.length > 2 && freeSide(axis, dims, size)) || defaultFreeSide;
  });
  const count = fixed.reduce((product, dim) => product * dim, 1);
  if (count > maxImageValues) throw new Error(`input ${name} [${fixed.join(', ')}] is too large to run`);
  if (type === 'int64') return { data: new BigInt64Array(count).fill(BigInt(64 + image)), dims: fixed };
  if (type === 'uint8') return { data: Uint8Array.from(picture(count, image), (value) => value * 255), dims: fixed };
  if (type === 'float32' || type === 'float16') return { data: picture(count, image), dims: fixed };
  throw new Error(`input ${name} is ${type}; expected float32, float16, uint8, or int64`);
}

/** NHWC has its channels last. */
function freeSide(axis: number, dims: TensorShape['dims'], { height, width }: FreeSize): number {
  const isLast = dims.at(-1) === 3 || dims.at(-1) === 1;
  return axis === (isLast ? dims.length - 3 : dims.length - 2) ? height : width;
}

/** Values of 0 to 1: edges and areas, of another size and brightness in each image. */
function picture(count: number, image: number): Float32Array {
  const brightness = (image + 1) / imageCount;
  return Float32Array.from({ length: count }, (_, at) => {
    const waves = Math.sin(at / (3 + image)) + Math.sin(at / (701 - 90 * image)) + Math.sin(at * at * (image + 1));
    return brightness * (waves / 6 + 0.5);
  });
}

/** @returns the outputs of each image, one after the other. */
export async function runSingly(model: Model, images: ImageInputs): Promise<Outputs[]> {
  const outputs: Outputs[] = [];
  for (const image of images) outputs.push(await model.run(image));
  return outputs;
}

/**
 * @param expected of each image alone, from the original.
 * @param limit {@link tolerance} or {@link halfTolerance}.
 * @returns why the model does not give every image of a batch what the original gives it; `undefined` if it does.
 */
export async function compareBatches(
  model: Model,
  images: ImageInputs,
  expected: readonly Outputs[],
  limit: number,
): Promise<string | undefined> {
  const scales = scalesOf(expected);
  const contrast = contrastOf(expected, scales);
  if (contrast === 0) return 'its outputs are the same for different test images, so that rows could not be told apart';
  const allowed = Math.min(limit, contrast * maxShare);
  for (const batch of batches) {
    const outputs = await model.run(joinImages(images, batch));
    for (const [name, output] of Object.entries(outputs)) {
      const rows = batch.map((image) => expected[image]?.[name] as Tensor);
      const issue = compareRows(output, rows, allowed, scales.get(name) ?? 1);
      if (issue !== undefined) return `output ${name} of a batch of ${batch.length} ${issue}`;
    }
  }
  return undefined;
}

/** Per output, what its small values are compared with: its largest value, or 1 if that is larger. */
function scalesOf(expected: readonly Outputs[]): ReadonlyMap<string, number> {
  const scales = new Map<string, number>();
  for (const [name, { data }] of expected.flatMap((outputs) => Object.entries(outputs))) {
    let largest = scales.get(name) ?? 0;
    for (const value of data) if (Math.abs(value) > largest) largest = Math.abs(value);
    scales.set(name, Math.min(1, largest));
  }
  return scales;
}

/** @returns by how much those two images differ that are most alike, in the output where they differ most. */
function contrastOf(expected: readonly Outputs[], scales: ReadonlyMap<string, number>): number {
  const between = (a: Outputs, b: Outputs) =>
    Object.entries(a).map(([name, { data }]) => {
      const other = b[name]?.data ?? new Float32Array(0);
      // Not a number: other values are missing, or other ones.
      return largestDifference(other, data, scales.get(name) ?? 1) || (isEqual(other, data) ? 0 : 1);
    });
  const pairs = expected.flatMap((a, index) => expected.slice(index + 1).map((b) => Math.max(...between(a, b))));
  return Math.min(...pairs);
}

function isEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, at) => Object.is(value, b[at]));
}

/** The inputs of several images as one batch. An input without a batch has one value for all. */
function joinImages(images: ImageInputs, batch: readonly number[]): Inputs {
  const names = Object.keys(images[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, joinTensors(batch.map((image) => images[image]?.[name] as InputTensor))]),
  );
}

function joinTensors(tensors: readonly InputTensor[]): InputTensor {
  const [{ data, dims }] = tensors as readonly [InputTensor];
  if (dims.length < 2) return { data, dims };
  const joined = { data: sameKind(data, data.length * tensors.length), dims: dims.with(0, tensors.length) };
  for (const [row, tensor] of tensors.entries()) joined.data.set(tensor.data as never, row * data.length);
  return joined;
}

function sameKind(data: InputTensor['data'], length: number): InputTensor['data'] {
  if (data instanceof BigInt64Array) return new BigInt64Array(length);
  return data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
}

function compareRows(
  { data, dims }: Tensor,
  rows: readonly Tensor[],
  limit: number,
  scale: number,
): string | undefined {
  const [first] = rows as readonly [Tensor];
  const wanted = first.dims.with(0, rows.length);
  if (dims.length === 0 || first.dims[0] !== 1 || dims.join() !== wanted.join()) {
    return `has the shape [${dims.join(', ')}]; expected [${wanted.join(', ')}]`;
  }
  for (const [row, { data: expected }] of rows.entries()) {
    const worst = largestDifference(data.subarray(row * expected.length, (row + 1) * expected.length), expected, scale);
    if (!(worst <= limit))
      return `differs by ${worst.toPrecision(2)} in row ${row}; allowed is ${limit.toPrecision(2)}`;
  }
  return undefined;
}

/** @returns the largest difference as a fraction of the expected value, or of `scale` if that is larger; NaN if only one is a number. */
function largestDifference(actual: Float32Array, expected: Float32Array, scale: number): number {
  let worst = 0;
  for (const [at, value] of expected.entries()) {
    const other = actual[at] as number;
    if (other === value || (Number.isNaN(other) && Number.isNaN(value))) continue;
    const difference = Math.abs(other - value) / Math.max(scale, Math.abs(value));
    if (Number.isNaN(difference)) return difference;
    worst = Math.max(worst, difference);
  }
  return worst;
}
