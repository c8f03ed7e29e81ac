/** Finds and updates elements of index.html. */

/** @throws TypeError if page and script do not match. */
export function element<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no #${id} of ${kind.name}`);
  return found;
}

/** Writes only changes: every write triggers layout and screen readers. */
export function write(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
