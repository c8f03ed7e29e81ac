/** The table of ended sessions. */
import type { EndedSession } from '../status.ts';
import { durationText, endText } from './camera-text.ts';
import { cloneRow, element } from './elements.ts';

export class EndedList {
  readonly #section = element('ended', HTMLElement);
  readonly #body = element('ended-rows', HTMLTableSectionElement);
  #newest: string | undefined;

  /** @param sessions newest first. An entry never changes, so the newest one tells whether there are new ones. */
  show(sessions: readonly EndedSession[]): void {
    const newest = sessions[0]?.id;
    if (newest === this.#newest) return;
    this.#newest = newest;
    this.#section.hidden = sessions.length === 0;
    this.#body.replaceChildren(...sessions.map(rowOf));
  }
}

function rowOf(session: EndedSession): HTMLTableRowElement {
  const row = cloneRow('ended-row');
  const { camera, address, pipeline, frames, results, connected_s: connectedS } = session;
  const place = camera === undefined ? pipeline : `${address} · ${pipeline}`;
  const texts = [endText(session), durationText(connectedS), frames, results].map((text) => String(text));
  const [time, name, ...others] = row.children;
  time?.append(new Date(session.ended_at).toLocaleTimeString());
  name?.firstElementChild?.append(camera ?? address);
  name?.lastElementChild?.append(place);
  for (const [index, text] of texts.entries()) others[index]?.append(text);
  row.dataset['kind'] = session.problem?.side ?? 'ok';
  return row;
}
