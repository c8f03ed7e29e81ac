/** The last reply as JSON, to read, copy and download. */
import { onCopy } from './copy.ts';
import { element, writeField } from './elements.ts';
import { formatReply } from './reply-json.ts';
import type { ReceivedResult } from './run.ts';

export class LastReply {
  readonly #details = element('reply', HTMLDetailsElement);
  readonly #json = element('reply-json', HTMLTextAreaElement);
  readonly #copy = element('reply-copy', HTMLButtonElement);
  readonly #download = element('reply-download', HTMLButtonElement);
  #reply: Pick<ReceivedResult, 'index' | 'result'> | undefined;

  constructor() {
    onCopy(this.#copy, () => this.#text());
    this.#download.addEventListener('click', () => this.#save());
    this.#details.addEventListener('toggle', () => this.render());
  }

  set({ index, result }: ReceivedResult): void {
    this.#reply = { index, result };
  }

  clear(): void {
    this.#reply = undefined;
  }

  /** Updates the displayed JSON. */
  render(): void {
    const hasReply = this.#reply !== undefined;
    this.#copy.disabled = !hasReply;
    this.#download.disabled = !hasReply;
    if (this.#details.open) writeField(this.#json, hasReply ? this.#text() : 'No reply yet.');
  }

  #text(): string {
    if (this.#reply === undefined) return '';
    const { index, result } = this.#reply;
    return formatReply({ frame_index: index, result });
  }

  #save(): void {
    const href = URL.createObjectURL(new Blob([this.#text(), '\n'], { type: 'application/json' }));
    const download = `frame-${this.#reply?.index ?? 0}.json`;
    Object.assign(document.createElement('a'), { href, download }).click();
    // The download has read the address when the next task runs.
    setTimeout(() => URL.revokeObjectURL(href));
  }
}
