/** The state of the connection, in the page's header. */
import { element, write } from './elements.ts';

export class ConnectionBadge {
  readonly #box = element('connection', HTMLElement);
  readonly #text = element('connection-text', HTMLElement);

  show(state: 'good' | 'wait' | 'bad' | 'idle', text: string): void {
    this.#box.dataset['state'] = state;
    write(this.#text, text);
  }
}
