/** Checks what a tool returns for a frame: custom tools are not type-checked. Worker threads. */
import { FrameError } from '../errors.ts';
import type { PortValues } from '../tools/tool.ts';

/** A tool that reports this many in one frame does not report each event once. */
export const maxEvents = 1000;

type Fields = Readonly<Record<string, unknown>>;

/** Describes what is wrong with the value of a port; undefined if nothing is. */
const portChecks: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  detections: (value) => issueInList(value),
  tracks: (value) => issueInList(value, trackIssue),
  events: (value) =>
    Array.isArray(value) && value.length > maxEvents ? `more than ${maxEvents} in one frame` : issueInList(value),
  counts: (value) => (isObject(value) ? undefined : 'not an object'),
};

/** Of an output that no tool can have: as a key of the result, it would change the result itself. */
const forbiddenPorts = ['__proto__', 'toJSON'];

/**
 * @param name of the tool.
 * @param outputs what `run` returned, or the `outputs` of it. Nothing at all means no outputs.
 * @returns a copy, so that no getter is left.
 * @throws Error that says what is wrong; also if a getter throws.
 */
export function checkOutputs(name: string, outputs: unknown): PortValues {
  if (outputs === undefined || outputs === null) return {};
  if (!isObject(outputs)) throw new Error(`${name}: run() must return an object of outputs`);
  const copy: Record<string, unknown> = { ...outputs };
  for (const port of forbiddenPorts)
    if (Object.hasOwn(copy, port)) throw new Error(`${name}: output "${port}" is not possible`);
  for (const [port, issueOf] of Object.entries(portChecks)) {
    const issue = copy[port] === undefined ? undefined : issueOf(copy[port]);
    if (issue !== undefined) throw new Error(`${name}: output "${port}" is invalid: ${issue}`);
  }
  return copy as PortValues;
}

/** Each event as JSON text. @throws FrameError that names the tool if one cannot be. */
export function eventTexts(name: string, events: readonly unknown[]): string[] {
  return events.map((event, index) => {
    const text = jsonOf(event, () => `Event ${index} of ${name} is not JSON`);
    if (!text.startsWith('{')) throw new FrameError('pipeline_failure', `Event ${index} of ${name} is not an object`);
    return text;
  });
}

/** @throws FrameError with this detail if the value cannot be written as JSON. */
export function jsonOf(value: unknown, detail: () => string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    throw new FrameError('pipeline_failure', detail(), { cause });
  }
}

/** A promise is none: its value would be lost. */
function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('then' in value);
}

function issueInList(value: unknown, issueOf?: (element: Fields) => string | undefined): string | undefined {
  if (!Array.isArray(value)) return 'not a list';
  // Holes are elements, too.
  for (let index = 0; index < value.length; index++) {
    const element: unknown = value[index];
    const issue = isObject(element) ? issueOf?.(element) : 'not an object';
    if (issue !== undefined) return `element ${index} is ${issue}`;
  }
  return undefined;
}

const numbersOfTracks = ['x', 'y', 'w', 'h', 'lost_ms'];

/** Tools that follow tracks keep their ids, labels and places as state. */
function trackIssue(track: Fields): string | undefined {
  if (!Number.isSafeInteger(track['track_id'])) return 'without a whole number as track_id';
  if (typeof track['label'] !== 'string') return 'without a text as label';
  const missing = numbersOfTracks.find((key) => !Number.isFinite(track[key]));
  return missing === undefined ? undefined : `without a finite number as ${missing}`;
}
