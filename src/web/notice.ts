/** The card over the picture that tells what is wrong or awaited, and what to do about it. */
import { element, write } from './elements.ts';
import type { Words } from './trouble.ts';

export interface NoticeParts extends Words {
  /** What the gateway or the browser said, in its own words. */
  readonly detail?: string;
  /** When the next attempt comes by itself, on the clock of `performance.now()`. */
  readonly retryAtMs?: number;
  readonly canReconnect?: boolean;
  /** Whether something went wrong: not so while something is only awaited. */
  readonly isTrouble?: boolean;
}

export class Notice {
  readonly #box = element('notice', HTMLElement);
  readonly #title = element('notice-title', HTMLElement);
  readonly #advice = element('notice-advice', HTMLElement);
  readonly #detail = element('notice-detail', HTMLElement);
  readonly #reconnect = element('reconnect', HTMLButtonElement);
  readonly #countdown = element('countdown', HTMLElement);
  #retryAtMs: number | undefined;

  /** @param reconnect what the button does. */
  constructor(reconnect: () => void) {
    this.#reconnect.addEventListener('click', reconnect);
  }

  show({ title, advice, detail = '', retryAtMs, canReconnect = false, isTrouble = false }: NoticeParts): void {
    this.#box.hidden = false;
    this.#box.dataset['kind'] = isTrouble ? 'trouble' : 'wait';
    write(this.#title, title);
    write(this.#advice, advice);
    write(this.#detail, detail);
    this.#detail.hidden = detail === '';
    this.#reconnect.hidden = !canReconnect;
    write(this.#reconnect, retryAtMs === undefined ? 'Reconnect' : 'Reconnect now');
    this.#retryAtMs = retryAtMs;
    this.render(performance.now());
  }

  hide(): void {
    this.#box.hidden = true;
    this.#retryAtMs = undefined;
  }

  /** The countdown is no live text: nobody wants to hear every second. */
  render(nowMs: number): void {
    const leftMs = this.#retryAtMs === undefined ? undefined : this.#retryAtMs - nowMs;
    write(this.#countdown, leftMs === undefined ? '' : countdownWords(leftMs));
  }
}

function countdownWords(leftMs: number): string {
  return leftMs > 0 ? `Next attempt in ${Math.ceil(leftMs / 1000)} s` : 'Trying now';
}
