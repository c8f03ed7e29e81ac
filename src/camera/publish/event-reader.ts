/** Turns the events of one camera's results into messages: a JSON object per event, with an id that it keeps. Main thread of the bridge. */
import { randomUUID } from 'node:crypto';

/** One event on its way to all targets. */
export interface CameraEvent {
  /** A UUID. It stays the same however often the event is sent, so that receivers can drop what they have already. */
  readonly id: string;
  readonly camera: string;
  readonly type: string;
  /** Whether the event has a recognized text. */
  readonly hasText: boolean;
  /** The message: a JSON object with the id, the camera, and everything that the pipeline's tool put into the event. */
  readonly json: string;
  readonly bytes: number;
  /** Events of this camera that never got here since the one before: the gateway left them out, or they could not be used. */
  readonly lostBefore: number;
}

export interface ReadEvents {
  readonly events: readonly CameraEvent[];
  /** Events that the gateway left out, since its replies were not read in time. */
  readonly leftOut: number;
  /** Events that are not an object with a type, are too large, or too many at once. */
  readonly unusable: number;
}

/** State of a session, and thus everything that a tool can remember, has this size. */
const maxEventBytes = 65_536;
/** More in one result are not events of a scene. */
const maxEventsPerResult = 1000;

export class EventReader {
  readonly #camera: string;
  readonly #newId: () => string;
  #lostAhead = 0;

  constructor(camera: string, newId: () => string = randomUUID) {
    this.#camera = camera;
    this.#newId = newId;
  }

  /**
   * Reads a result as it came from the gateway. Custom tools may return any shape.
   * @param nowMs the Unix time of events whose tool gives none.
   */
  read(result: unknown, nowMs: number): ReadEvents {
    if (!isObject(result)) return nothing;
    const leftOut = countOf(result['events_lost']);
    const given = Array.isArray(result['events']) ? (result['events'] as readonly unknown[]) : [];
    if (given.length === 0 && leftOut === 0) return nothing;
    const events: CameraEvent[] = [];
    let unusable = Math.max(0, given.length - maxEventsPerResult);
    this.#lostAhead += leftOut + unusable;
    for (const event of given.slice(0, maxEventsPerResult)) {
      const read = this.#readEvent(event, nowMs);
      if (read !== undefined) events.push(read);
      else {
        unusable += 1;
        this.#lostAhead += 1;
      }
    }
    return { events, leftOut, unusable };
  }

  #readEvent(event: unknown, nowMs: number): CameraEvent | undefined {
    if (!isObject(event) || typeof event['type'] !== 'string') return undefined;
    const id = this.#newId();
    const json = messageOf(event, { id, camera: this.#camera }, nowMs);
    const bytes = json === undefined ? 0 : Buffer.byteLength(json);
    if (json === undefined || bytes > maxEventBytes) return undefined;
    const lostBefore = this.#lostAhead;
    this.#lostAhead = 0;
    const { text, type } = event as { text?: unknown; type: string };
    return {
      ...{ id, camera: this.#camera, type, json, bytes, lostBefore },
      hasText: typeof text === 'string' && text.trim() !== '',
    };
  }
}

const nothing: ReadEvents = { events: [], leftOut: 0, unusable: 0 };

/** The message with the number of events of its camera that were lost before it, if there are any. */
export function withLost({ json }: Pick<CameraEvent, 'json'>, lost: number): string {
  return lost === 0 ? json : `${json.slice(0, -1)},"lost_before":${lost}}`;
}

/** @returns undefined if the event is nested too deeply to be written. */
function messageOf(
  event: Readonly<Record<string, unknown>>,
  envelope: { readonly id: string; readonly camera: string },
  nowMs: number,
): string | undefined {
  const { id: _, camera: __, lost_before: ___, type, at_ms, ...others } = event;
  const atMs = typeof at_ms === 'number' ? at_ms : nowMs;
  try {
    return JSON.stringify({ ...envelope, type, at_ms: atMs, ...others });
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}
