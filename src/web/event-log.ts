/** The newest events, with what the list shows of each, and what is copied. Pure. */
import { trackIdOf } from './checked-scene.ts';
import { isNumber, isRecord, listOf, numberOf, textOf, type Unchecked } from './unchecked.ts';

/** Events that are kept and listed. Of one result, no more are read. */
export const maxEvents = 200;
/** Characters of an event's JSON. A longer one is kept without what only its tool knows, and with shorter texts. */
export const maxEventLength = 4000;
/** Characters of a text in the list. */
export const maxTextLength = 80;

/** One event in the list; empty texts are not shown. */
export interface LoggedEvent {
  /** Counts all events of the page. */
  readonly id: number;
  readonly type: string;
  /** Text, or label. */
  readonly what: string;
  /** Zone, with the direction in which a line was crossed. */
  readonly where: string;
  readonly trackId: number | undefined;
  readonly atMs: number | undefined;
  /** One line of JSON. */
  readonly json: string;
}

export class EventLog {
  #events: LoggedEvent[] = [];
  #count = 0;
  #lost = 0;

  /** Newest first. */
  get events(): readonly LoggedEvent[] {
    return this.#events;
  }

  /** How many there were, also those that are no longer kept. */
  get count(): number {
    return this.#count;
  }

  /** How many the gateway has left out, since this page did not read its results. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * @param given the key `events` of a result, in any shape. What is no event is left out.
   * @param lost its key `events_lost`.
   */
  add(given: unknown, lost?: unknown): void {
    this.#lost += numberOf(lost) ?? 0;
    const list = listOf(given) ?? [];
    this.#count += Math.max(0, list.length - maxEvents);
    const added = list.slice(-maxEvents).flatMap((event) => {
      if (!isRecord(event) || typeof event['type'] !== 'string') return [];
      this.#count += 1;
      return [loggedEvent(event, event['type'], this.#count)];
    });
    if (added.length > 0) this.#events = [...added.reverse(), ...this.#events].slice(0, maxEvents);
  }

  clear(): void {
    this.#events = [];
    this.#lost = 0;
  }

  /** The events as JSON lines, oldest first, as in a log. */
  jsonLines(): string {
    return this.#events
      .toReversed()
      .map(({ json }) => `${json}\n`)
      .join('');
  }
}

function loggedEvent(event: Unchecked, type: string, id: number): LoggedEvent {
  const direction = textOf(event['direction']);
  const zone = textOf(event['zone']) ?? '';
  return {
    ...{ id, type: shortened(type), trackId: trackIdOf(event['track_id']), atMs: numberOf(event['at_ms']) },
    what: shortened(textOf(event['text']) || textOf(event['label']) || ''),
    where: shortened(direction === 'in' || direction === 'out' ? `${zone} ${direction}`.trim() : zone),
    json: jsonOf(event),
  };
}

const knownKeys = ['type', 'at_ms', 'track_id', 'label', 'text', 'text_score', 'zone', 'direction'];

function jsonOf(event: Unchecked): string {
  const json = JSON.stringify(event);
  if (json.length <= maxEventLength) return json;
  const short = knownKeys.flatMap((key) => {
    const value = event[key];
    if (typeof value === 'string') return [[key, shortened(value)]];
    return isNumber(value) ? [[key, value]] : [];
  });
  return JSON.stringify(Object.fromEntries([...short, ['truncated', true]]));
}

function shortened(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}

/** The time of day of an event on this computer's clock; a dash if there is none. */
export function formatTime(atMs: number | undefined): string {
  const time = new Date(atMs ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? '–' : time.toTimeString().slice(0, 'hh:mm:ss'.length);
}
