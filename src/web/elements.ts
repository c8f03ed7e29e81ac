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

/** Like {@link write}, for a field, and not while the user has selected a part of it: the selection would be lost. */
export function writeField(field: HTMLTextAreaElement, text: string): void {
  const isSelected = document.activeElement === field && field.selectionStart !== field.selectionEnd;
  if (!isSelected && field.value !== text) field.value = text;
}

/** A table row from a template of the page. @throws TypeError if page and script do not match. */
export function cloneRow(templateId: string): HTMLTableRowElement {
  const row = element(templateId, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(row instanceof HTMLTableRowElement)) throw new TypeError(`#${templateId} holds no row`);
  return row;
}
