/** The card over the video that shows an error or what the page is waiting for, with advice. */
import { element, write } from './elements.ts';
import type { ErrorMessage } from './error-messages.ts';
import { setPageToken } from './token.ts';

export interface NoticeParts extends ErrorMessage {
  /** The error text of the gateway or the browser. */
  readonly detail?: string;
  /** Time of the next automatic attempt, on the clock of `performance.now()`. */
  readonly retryAtMs?: number;
  readonly canReconnect?: boolean;
  /** Whether the notice is an error rather than a wait. */
  readonly isError?: boolean;
}

export class Notice {
  readonly #box = element('notice', HTMLElement);
  readonly #title = element('notice-title', HTMLElement);
  readonly #advice = element('notice-advice', HTMLElement);
  readonly #detail = element('notice-detail', HTMLElement);
  readonly #reconnect = element('reconnect', HTMLButtonElement);
  readonly #tokenForm = element('token-form', HTMLFormElement);
  readonly #token = element('token', HTMLInputElement);
  readonly #countdown = element('countdown', HTMLElement);
  #retryAtMs: number | undefined;

  /** @param reconnect called when the button is clicked, or a token was entered. */
  constructor(reconnect: () => void) {
    this.#reconnect.addEventListener('click', reconnect);
    this.#tokenForm.addEventListener('submit', (event) => {
      event.preventDefault();
      setPageToken(this.#token.value.trim());
      this.#token.value = '';
      reconnect();
    });
  }

  show({ title, advice, detail = '', retryAtMs, ...flags }: NoticeParts): void {
    const { canReconnect = false, isError = false, asksToken = false } = flags;
    this.#box.hidden = false;
    this.#box.dataset['kind'] = isError ? 'error' : 'wait';
    write(this.#title, title);
    write(this.#advice, advice);
    write(this.#detail, detail);
    this.#detail.hidden = detail === '';
    this.#tokenForm.hidden = !asksToken;
    this.#reconnect.hidden = !canReconnect;
    write(this.#reconnect, retryAtMs === undefined ? 'Reconnect' : 'Reconnect now');
    this.#retryAtMs = retryAtMs;
    this.render(performance.now());
  }

  hide(): void {
    this.#box.hidden = true;
    this.#retryAtMs = undefined;
  }

  /** Updates the countdown, which is not a live region: screen readers should not announce every second. */
  render(nowMs: number): void {
    const leftMs = this.#retryAtMs === undefined ? undefined : this.#retryAtMs - nowMs;
    write(this.#countdown, leftMs === undefined ? '' : countdownText(leftMs));
  }
}

function countdownText(leftMs: number): string {
  return leftMs > 0 ? `Retrying in ${Math.ceil(leftMs / 1000)} s` : 'Retrying now';
}
