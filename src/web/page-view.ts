/** The text of a page, which takes the place of the recent texts. */
import { onCopy } from './copy.ts';
import { element, write, writeField } from './elements.ts';
import { pageTextOf } from './page-text.ts';
import type { ReceivedResult } from './run.ts';

export class PageView {
  readonly #title = element('texts-title', HTMLElement);
  readonly #recent = element('recent', HTMLElement);
  readonly #page = element('page', HTMLElement);
  readonly #text = element('page-text', HTMLTextAreaElement);
  readonly #copy = element('page-copy', HTMLButtonElement);

  constructor() {
    onCopy(this.#copy, () => this.#text.value);
  }

  /** Shows the text of a page. */
  show({ result }: Pick<ReceivedResult, 'result'>): void {
    const text = pageTextOf(result);
    this.#setVisible(true);
    this.#copy.disabled = text === '';
    writeField(this.#text, text || 'No text recognized with a confidence of 50 % or more.');
  }

  /** Shows the recent texts again. */
  hide(): void {
    this.#setVisible(false);
  }

  #setVisible(isVisible: boolean): void {
    if (this.#page.hidden !== isVisible) return;
    this.#page.hidden = !isVisible;
    this.#recent.hidden = isVisible;
    write(this.#title, isVisible ? 'Text on this page' : 'Recent texts');
  }
}
