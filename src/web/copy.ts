/** Copies text to the clipboard. */

/** How long a button confirms that it has copied. */
const confirmMs = 2000;

/** Copies what `text` returns when the button is clicked, and confirms it in the button and to screen readers. */
export function onCopy(button: HTMLButtonElement, text: () => string): void {
  const label = button.textContent;
  const status = document.getElementById('copy-status');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (words: string) => {
    button.textContent = words;
    if (status) status.textContent = words;
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = label;
      if (status) status.textContent = '';
    }, confirmMs);
  };
  button.addEventListener('click', () => {
    copyText(text()).then(
      () => say('Copied'),
      () => say('Not copied'),
    );
  });
}

/** Copies a text. @throws Error if the browser does not allow it. */
async function copyText(text: string): Promise<void> {
  // Undefined unless the page is a secure context: gateways in a local network are often opened over plain HTTP.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) return clipboard.writeText(text);
  const focused = document.activeElement;
  const area = Object.assign(document.createElement('textarea'), { value: text, className: 'unseen' });
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!isCopied) throw new Error('the browser does not allow copying');
}
