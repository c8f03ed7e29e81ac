/** The row below a camera's row, with all its figures. */
import type { Row } from './camera-rows.ts';
import { detailsOf } from './camera-text.ts';
import { onCopy } from './copy.ts';
import { cloneRow, write } from './elements.ts';

export class CameraDetails {
  readonly element = cloneRow('details');
  readonly #list = this.element.querySelector('dl') as HTMLElement;
  #row: Row | undefined;

  constructor() {
    const button = this.element.querySelector('button') as HTMLButtonElement;
    onCopy(button, () => JSON.stringify(this.#row?.session, undefined, 2));
  }

  /** Keeps the elements while the keys stay the same, so that text can be selected. */
  show(row: Row): void {
    this.#row = row;
    const details = detailsOf(row);
    while (this.#list.childElementCount < details.length) {
      const pair = document.createElement('div');
      pair.append(document.createElement('dt'), document.createElement('dd'));
      this.#list.append(pair);
    }
    while (this.#list.childElementCount > details.length) this.#list.lastElementChild?.remove();
    for (const [index, [key, value]] of details.entries()) {
      const [term, text] = this.#list.children[index]?.children ?? [];
      if (term !== undefined && text !== undefined) {
        write(term, key);
        write(text, value);
      }
    }
  }
}
