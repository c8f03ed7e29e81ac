/** Turns the flags and the `--sources` file of `framegate camera` into one checked plan per camera. */
import { closeSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import type { CameraPlan } from '../camera/bridge.ts';
import { isLive, nameOfSource, readSource } from '../camera/source.ts';
import { ConfigError } from '../errors.ts';
import { describeIssue } from '../pipeline/graph.ts';
import { maxFps, maxStallTimeoutS, maxWidth } from './camera-limits.ts';
import {
  type PlannedTarget,
  type PublishEntry,
  type PublishFlags,
  planTargets,
  publishSchema,
} from './camera-targets.ts';
import { clientToken, type TokenFlags } from './client-token.ts';
import { streamUrlOf, withCameraName } from './gateway-address.ts';
import { warn } from './warn.ts';

export interface CameraFlags extends TokenFlags, PublishFlags {
  readonly pipeline: string;
  readonly url: string;
  /** Of the only source. */
  readonly name?: string;
  readonly fps?: number;
  readonly width?: number;
  readonly quality?: number;
  readonly loop?: boolean;
  /** Undefined without `--reconnect` and `--no-reconnect`: live sources reconnect, files do not. */
  readonly reconnect?: boolean;
  readonly rtspTransport?: 'tcp' | 'udp';
  /** Seconds without a frame after which a source is lost. */
  readonly stallTimeout: number;
  readonly sources?: string;
  readonly json?: boolean;
  /** Print events instead of frames. */
  readonly eventsOnly?: boolean;
}

/** A camera that cannot be played, and the reason. */
export interface UnusableCamera {
  readonly name: string;
  readonly issue: string;
}

export interface CameraPlans {
  readonly plans: readonly CameraPlan[];
  readonly unusable: readonly UnusableCamera[];
  /** Where events are published. */
  readonly targets: readonly PlannedTarget[];
}

/** Each camera needs an ffmpeg process and a connection. For more cameras, run the command several times. */
const maxCameras = 64;
const maxNameLength = 40;
/** Enough for all cameras with values of maximum length. */
const maxFileBytes = 1_048_576;

const cameraSchema = z.strictObject({
  source: z.string().min(1),
  name: z
    .string()
    .min(1)
    .max(maxNameLength)
    .regex(/^[\p{L}\p{N}\p{P}\p{S} ]+$/u, 'must be printable')
    .optional(),
  pipeline: z.string().min(1).optional(),
  url: z.string().min(1).optional(),
  fps: z.number().positive().max(maxFps).optional(),
  width: z.int().min(1).max(maxWidth).optional(),
  quality: z.int().min(1).max(100).optional(),
  loop: z.boolean().optional(),
  reconnect: z.boolean().optional(),
  rtsp_transport: z.enum(['tcp', 'udp']).optional(),
  stall_timeout: z.number().min(1).max(maxStallTimeoutS).optional(),
  publish: publishSchema.optional(),
});

const fileSchema = z.array(cameraSchema).min(1).max(maxCameras);

/** The old name of `stall_timeout`. */
const deprecatedKey = 'silence';

type CameraEntry = z.infer<typeof cameraSchema>;

/**
 * Combines flags and file.
 * @throws ConfigError with one line per issue of the file and the flags, and if no camera can be played at all.
 */
export function planCameras(sources: readonly string[], flags: CameraFlags): CameraPlans {
  const entries: CameraEntry[] = [...sources.map((source) => ({ source })), ...readSourcesFile(flags.sources)];
  if (flags.name !== undefined) setName(entries, flags.name);
  if (entries.length === 0) throw new ConfigError(['no source given; name one or more, or use --sources FILE']);
  if (entries.length > maxCameras)
    throw new ConfigError([`too many cameras: ${entries.length}; at most ${maxCameras} are allowed`]);
  const token = clientToken(flags);
  const plans: CameraPlan[] = [];
  const publishing: { publicName: string; publish: readonly PublishEntry[] | undefined }[] = [];
  const unusable: UnusableCamera[] = [];
  const used = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const read = readSource(entry.source);
    if (read.ok) {
      const plan = planOf(entry, flags, read.source, index);
      const publicName = entry.name ?? unnamed(read.source, used);
      plans.push({ ...plan, publicName, token, url: withCameraName(plan.url, publicName) });
      publishing.push({ publicName, publish: entry.publish });
    } else unusable.push({ name: entry.name ?? `camera ${index + 1}`, issue: read.issue });
  }
  const issues = [...duplicateNames(plans), ...(plans.length === 0 ? unusable.map(({ issue }) => issue) : [])];
  const misplaced = plans.filter(({ source, reconnects }) => !isLive(source) && reconnects);
  issues.push(
    ...misplaced.map(({ name }) => `${name}: --reconnect applies to live sources only; use --loop to repeat a file`),
  );
  const endless = plans.filter(({ source, loop }) => isLive(source) && loop === true);
  issues.push(...endless.map(({ name }) => `${name}: --loop applies to files only`));
  if (issues.length > 0) throw new ConfigError(issues);
  return { plans, unusable, targets: planTargets(publishing, flags) };
}

function planOf(
  entry: CameraEntry,
  flags: CameraFlags,
  source: CameraPlan['source'],
  index: number,
): Omit<CameraPlan, 'publicName'> {
  // A command-line flag applies only to the cameras that support it.
  const isOnlyEntry = Object.keys(entry).length === 1;
  return {
    name: entry.name ?? (isOnlyEntry ? shorten(source.shown) : `camera ${index + 1}`),
    source,
    url: streamUrlOf(entry.url ?? flags.url, entry.pipeline ?? flags.pipeline),
    pipeline: entry.pipeline ?? flags.pipeline,
    fps: entry.fps ?? flags.fps,
    width: entry.width ?? flags.width,
    quality: entry.quality ?? flags.quality,
    loop: entry.loop ?? (isLive(source) ? undefined : flags.loop),
    reconnects: entry.reconnect ?? (isLive(source) ? (flags.reconnect ?? true) : false),
    rtspTransport: entry.rtsp_transport ?? flags.rtspTransport,
    stallTimeoutMs: (entry.stall_timeout ?? flags.stallTimeout) * 1000,
  };
}

function setName(entries: CameraEntry[], name: string): void {
  const [entry, other] = entries;
  if (entry === undefined) return;
  if (other !== undefined) throw new ConfigError(['--name applies to one source; name others in the --sources file']);
  const parsed = cameraSchema.shape.name.safeParse(name);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ message }) => `--name: ${message}`));
  entries[0] = { ...entry, name };
}

/** Known to the gateway without a name: by its host or file, and a number if there are several. */
function unnamed(source: CameraPlan['source'], used: Map<string, number>): string {
  const base = nameOfSource(source);
  const count = (used.get(base) ?? 0) + 1;
  used.set(base, count);
  return count === 1 ? base : `${base} #${count}`;
}

/** Keeps the end, since the addresses of cameras often start the same. */
function shorten(text: string): string {
  return text.length <= maxNameLength ? text : `…${text.slice(1 - maxNameLength)}`;
}

function duplicateNames(plans: readonly CameraPlan[]): string[] {
  const names = plans.map(({ name }) => name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `duplicate camera name "${name}"; set a unique "name" for each camera`,
  );
}

function readSourcesFile(path: string | undefined): CameraEntry[] {
  if (path === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // The parser's message quotes the file, which may contain a password.
    const reason = error instanceof SyntaxError ? 'is not valid JSON' : `cannot be read (${codeOf(error)})`;
    throw new ConfigError([`${path} ${reason}`]);
  }
  const parsed = fileSchema.safeParse(replaceDeprecatedKey(json, path));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => `${path}: ${describeIssue(issue)}`));
  return parsed.data;
}

function replaceDeprecatedKey(json: unknown, path: string): unknown {
  const isDeprecated = (entry: unknown): entry is Record<string, unknown> =>
    typeof entry === 'object' && entry !== null && deprecatedKey in entry && !('stall_timeout' in entry);
  if (!Array.isArray(json) || !json.some(isDeprecated)) return json;
  warn(`${path}: "${deprecatedKey}" is deprecated; use "stall_timeout"`);
  return json.map((entry: unknown) => {
    if (!isDeprecated(entry)) return entry;
    const { [deprecatedKey]: stallTimeout, ...others } = entry;
    return { ...others, stall_timeout: stallTimeout };
  });
}

/** Reads at most the limit, since the path may be a pipe without a known size or end. */
function readText(path: string): string {
  const bytes = Buffer.alloc(maxFileBytes + 1);
  const file = openSync(path, 'r');
  try {
    let filled = 0;
    for (let read = -1; read !== 0 && filled < bytes.length; filled += read) {
      read = readSync(file, bytes, filled, bytes.length - filled, null);
    }
    if (filled > maxFileBytes) throw new ConfigError([`${path} is larger than 1 MB`]);
    return bytes.toString('utf8', 0, filled);
  } finally {
    closeSync(file);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
