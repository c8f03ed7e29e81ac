/** Finds a model's files by the name that a pipeline uses, and reads its optional `model.json`. Any thread. */
import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { readTextFile, requireFile } from './text-file.ts';
import { outputFormatNames } from './yolo/format-names.ts';

const inputSide = z.number().int().min(1).max(8192);
/** Height and width of a model's input in pixels. */
export const inputSize = z.tuple([inputSide, inputSide]);
const channelMeans = z.tuple([z.number(), z.number(), z.number()]);
const channelDeviations = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

/** Poses of hands and faces have up to some hundred keypoints. */
const keypointShape = z.tuple([z.number().int().min(1).max(1000), z.union([z.literal(2), z.literal(3)])]);

/** `model.json`: overrides the ONNX file's metadata and the defaults. */
const overridesSchema = z.strictObject({
  description: z.string().optional(),
  names: z.array(z.string()).min(1).optional(),
  score_threshold: z.number().min(0).max(1).optional(),
  iou_threshold: z.number().min(0).max(1).optional(),
  /** The outputs' format, for shapes that are ambiguous or misleading. */
  output_format: z.enum(outputFormatNames).optional(),
  /** Height and width in pixels of an input whose size the file leaves free. */
  imgsz: inputSize.optional(),
  /** How samples of 0 to 255 are scaled. `mean` and `std` apply after division by 255, in the model's channel order. */
  normalization: z
    .union([z.enum(['0-1', '0-255', 'imagenet']), z.strictObject({ mean: channelMeans, std: channelDeviations })])
    .optional(),
  channel_order: z.enum(['rgb', 'bgr']).optional(),
  /** How a frame is fitted into an input with another aspect ratio. */
  resize: z.enum(['letterbox', 'stretch', 'crop']).optional(),
  /** Where the frame is in a letterboxed input. */
  letterbox: z.enum(['center', 'top-left']).optional(),
  /** Keypoints of a pose, and values of each: 2 (x, y) or 3 (x, y, score). */
  keypoint_shape: keypointShape.optional(),
  keypoint_names: z.array(z.string()).min(1).optional(),
  /** On an accelerator: the largest batch of frames in one run; 1 for none. */
  max_batch: z.number().int().min(1).max(64).optional(),
  /** On an accelerator: microseconds to wait for a fuller batch. */
  max_delay_us: z.number().int().min(0).max(100_000).optional(),
});

export type ModelOverrides = z.infer<typeof overridesSchema>;

export interface ModelFiles {
  readonly onnxPath: string;
  readonly overrides: ModelOverrides;
}

/**
 * Finds a model's files. `plate-yolo` is the folder `plate-yolo/` with `model.onnx` and an optional `model.json`; `mine.onnx` is a
 * single file.
 * @param name path inside the models folder, relative to it.
 * @param warn receives one line per deprecated key of `model.json`.
 * @returns the files, or a one-line issue that says what is missing.
 */
export function findModel(
  modelsDir: string,
  name: string,
  warn: (line: string) => void = () => {},
): ModelFiles | { readonly issue: string } {
  const base = resolve(modelsDir, name);
  if (relative(modelsDir, base).split(sep)[0] === '..')
    return { issue: `model "${name}" is outside the models folder` };
  if (name.endsWith('.onnx')) {
    const issue = issueOfFile(base);
    return issue === undefined ? { onnxPath: base, overrides: {} } : { issue };
  }
  const onnxPath = join(base, 'model.onnx');
  const issue = issueOfFile(onnxPath);
  if (issue !== undefined) return { issue };
  const overrides = readOverrides(join(base, 'model.json'), warn);
  return 'issue' in overrides ? overrides : { onnxPath, overrides: overrides.value };
}

/** @returns why a model file cannot be opened; `undefined` if it can. */
function issueOfFile(path: string): string | undefined {
  try {
    requireFile(path);
    return undefined;
  } catch (error) {
    return `model file ${path} ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readOverrides(
  path: string,
  warn: (line: string) => void,
): { readonly value: ModelOverrides } | { readonly issue: string } {
  if (!existsSync(path)) return { value: {} };
  let text: string;
  let json: unknown;
  try {
    text = readTextFile(path);
  } catch (error) {
    return { issue: `${path} ${messageOf(error)}` };
  }
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { issue: `${path} is not JSON: ${messageOf(error)}` };
  }
  const parsed = overridesSchema.safeParse(replaceDeprecatedKeys(json, (line) => warn(`${path}: ${line}`)));
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`);
  return { issue: `${path}: ${issues.join('; ')}` };
}

/** Old key → new key. */
const renamedKeys = { head: 'output_format', normalisation: 'normalization' } as const;

/** Replaces deprecated keys and values of a `model.json`. A file with both the old and the new key keeps both, so the schema rejects it. */
function replaceDeprecatedKeys(json: unknown, warn: (line: string) => void): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const current: Record<string, unknown> = { ...json };
  for (const [oldKey, key] of Object.entries(renamedKeys)) {
    if (!(oldKey in current) || key in current) continue;
    current[key] = current[oldKey];
    delete current[oldKey];
    warn(`"${oldKey}" is deprecated; use "${key}"`);
  }
  if (current['letterbox'] === 'centre') {
    current['letterbox'] = 'center';
    warn('letterbox "centre" is deprecated; use "center"');
  }
  return current;
}
