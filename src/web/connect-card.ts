/** "Connect your camera": snippets with the address of this gateway and the chosen pipeline, to copy. */
import { snippetsFor } from './connect-snippets.ts';
import { onCopy } from './copy.ts';
import { element, write } from './elements.ts';

const names = ['camera', 'script', 'image'] as const;

export class ConnectCard {
  constructor() {
    for (const name of names) onCopy(element(`copy-${name}`, HTMLButtonElement), () => codeOf(name).textContent ?? '');
  }

  show(pipeline: string): void {
    const snippets = snippetsFor(new URL('.', document.baseURI), pipeline);
    for (const name of names) write(codeOf(name), snippets[name]);
  }
}

function codeOf(name: (typeof names)[number]): HTMLElement {
  return element(`snippet-${name}`, HTMLElement);
}
