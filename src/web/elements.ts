/** Finds the page's elements, once, by the ids of index.html. */

/** @throws TypeError where page and script do not fit together. */
export function element<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no #${id} of ${kind.name}`);
  return found;
}

/** Writes only what has changed: screen readers and layout notice every write. */
export function write(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
