/** The list of events, newest first. */
import type { FrameResult } from '../client/index.ts';
import { onCopy } from './copy.ts';
import { element, write } from './elements.ts';
import { EventLog, formatTime, type LoggedEvent, maxEvents } from './event-log.ts';
import { trackColor } from './track-colors.ts';

export class EventList {
  readonly #card = element('events-card', HTMLElement);
  readonly #list = element('events', HTMLElement);
  readonly #empty = element('events-empty', HTMLElement);
  readonly #note = element('events-note', HTMLElement);
  readonly #copy = element('events-copy', HTMLButtonElement);
  readonly #clear = element('events-clear', HTMLButtonElement);
  readonly #log = new EventLog();
  readonly #rows = new Map<number, HTMLElement>();

  constructor() {
    // It scrolls, also by keyboard.
    this.#list.tabIndex = 0;
    onCopy(this.#copy, () => this.#log.jsonLines());
    this.#clear.addEventListener('click', () => {
      this.#log.clear();
      this.render();
    });
  }

  /** Adds the events of a result as it was received. The first result with events, or none, makes the list visible. */
  add({ events, events_lost: lost }: Pick<FrameResult, 'events' | 'events_lost'>): void {
    if (Array.isArray(events)) this.#card.hidden = false;
    this.#log.add(events, lost);
  }

  render(): void {
    if (this.#card.hidden) return;
    const { events, count, lost } = this.#log;
    this.#empty.hidden = events.length > 0;
    this.#copy.disabled = events.length === 0;
    this.#clear.disabled = events.length === 0;
    const newest = events.length === maxEvents ? `The newest ${maxEvents} of ${count}. ` : '';
    write(this.#note, lost > 0 ? `${newest}${lost} lost: this page read its results too slowly.` : newest.trim());
    const ids = new Set(events.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    const added = events.filter(({ id }) => !this.#rows.has(id));
    this.#list.prepend(...added.map((event) => this.#rowOf(event)));
  }

  #rowOf(event: LoggedEvent): HTMLElement {
    const row = document.createElement('li');
    const time = Object.assign(document.createElement('time'), { textContent: formatTime(event.atMs) });
    row.append(time, part('type', event.type), part('what', event.what));
    if (event.trackId !== undefined) {
      const track = part('track-number', `#${event.trackId}`);
      track.style.setProperty('--track', trackColor(event.trackId));
      row.append(track);
    }
    row.append(part('where', event.where));
    row.title = event.json;
    this.#rows.set(event.id, row);
    return row;
  }
}

function part(className: string, textContent: string): HTMLElement {
  return Object.assign(document.createElement('span'), { className, textContent });
}
