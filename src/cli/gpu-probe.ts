/**
 * Loads a model with one execution provider and runs it, in a process of its own, since native code may crash or hang. Reports each step to
 * the parent. Arguments: provider, model file. `half` in place of a file is a tiny model in half precision.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { InputTensor, Model, TensorShape } from '../models/model.ts';
import { loadModel } from '../models/onnx-model.ts';
import { halfPrecision, tinyInput, tinyModel, tinyOutput } from '../models/tiny-model.ts';

/** A value that half precision holds exactly, and so its square. */
const halfValue = 1.5;

/** What the probe has done, or why it failed. */
export type ProbeStep =
  | { readonly step: 'loaded'; readonly ms: number }
  | { readonly step: 'ran'; readonly firstMs: number; readonly ms: number; readonly devices: readonly string[] }
  | { readonly step: 'failed'; readonly error: string };

/** Side for free dimensions: a multiple of the stride of every common model, and quick even on a slow GPU. */
const freeSide = 128;
/** More would be a model for large images, which takes too long to check. */
const maxValues = 16_777_216;

async function probe(provider: string, file: string): Promise<void> {
  const { path, remove } = file === halfPrecision ? halfFile() : { path: file, remove: () => undefined };
  try {
    const startedAtMs = performance.now();
    const model = await loadModel({ name: basename(file), path, providers: [provider] });
    send({ step: 'loaded', ms: performance.now() - startedAtMs });
    const firstMs = await timeRun(model, file);
    send({ step: 'ran', firstMs, ms: await timeRun(model, file), devices: openDevices() });
  } catch (error) {
    send({ step: 'failed', error: error instanceof Error ? error.message : String(error) });
  } finally {
    remove();
  }
}

/** ONNX Runtime loads a model from a file. */
function halfFile(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-'));
  const path = join(folder, 'half.onnx');
  writeFileSync(path, tinyModel('float16'));
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

/** @throws Error when the result of the model in half precision is wrong. */
async function timeRun(model: Model, file: string): Promise<number> {
  const inputs = Object.fromEntries(model.inputs.map((input) => [input.name, tensorFor(input)]));
  if (file === halfPrecision) inputs[tinyInput] = { data: new Float32Array([halfValue]), dims: [1] };
  const startedAtMs = performance.now();
  const outputs = await model.run(inputs);
  const ms = performance.now() - startedAtMs;
  const result = outputs[tinyOutput]?.data[0];
  if (file === halfPrecision && result !== halfValue ** 2) throw new Error(`${halfValue} squared is ${result}`);
  return ms;
}

function tensorFor({ name, dims, type }: TensorShape): InputTensor {
  const sizes = dims.map((size, axis) => sizeOf(size, axis));
  const count = sizes.reduce((product, size) => product * size, 1);
  if (!(count <= maxValues)) throw new Error(`input ${name} [${sizes.join(', ')}] is too large to run`);
  if (type === 'uint8') return { data: new Uint8Array(count), dims: sizes };
  return { data: type === 'int64' ? new BigInt64Array(count) : new Float32Array(count), dims: sizes };
}

function sizeOf(size: number | string, axis: number): number {
  if (typeof size === 'number') return size;
  return axis === 0 ? 1 : freeSide;
}

const openFilesFolder = '/proc/self/fd';
const mapsFile = '/proc/self/maps';

/** GPU devices that this process has open, and a software Vulkan driver that it has loaded. Linux only. */
function openDevices(): string[] {
  try {
    const open = readdirSync(openFilesFolder).map(targetOf);
    const devices = open.filter((path) => /^\/dev\/(nvidia\d+|dri\/renderD\d+)$/.test(path));
    const software = /\/(libvk_swiftshader\.so|libvulkan_lvp\.so)\n/.exec(readFileSync(mapsFile, 'utf8'))?.[1];
    return [...new Set(devices), ...(software === undefined ? [] : [software])].sort();
  } catch {
    return [];
  }
}

/** The folder's own descriptor is closed by now. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(join(openFilesFolder, descriptor));
  } catch {
    return '';
  }
}

function send(step: ProbeStep): void {
  process.send?.(step);
}

const [provider, file] = process.argv.slice(2);
if (provider !== undefined && file !== undefined) {
  await probe(provider, file);
  // The channel to the parent would keep this process alive.
  process.disconnect();
}
