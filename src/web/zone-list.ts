/** The list of the zones that are being edited, with which one names, flips and deletes them. */
import type { Zone } from '../client/index.ts';
import { element, write } from './elements.ts';
import { type EditAction, maxNameLength, nameIssue, zonesIssue } from './zone-edits.ts';

interface Row {
  readonly item: HTMLLIElement;
  readonly name: HTMLInputElement;
  readonly shape: HTMLElement;
  readonly flip: HTMLButtonElement;
  readonly remove: HTMLButtonElement;
}

export class ZoneList {
  readonly #list = element('zone-list', HTMLElement);
  readonly #issue = element('zone-issue', HTMLElement);
  readonly #rows: Row[] = [];
  readonly #act: (action: EditAction) => void;
  #zones: readonly Zone[] = [];
  /** The zone's name before it was edited, and whether it has another one now. */
  #nameBefore = '';
  #isRenamed = false;

  constructor(act: (action: EditAction) => void) {
    this.#act = act;
  }

  show(zones: readonly Zone[], selected: number | undefined): void {
    this.#zones = zones;
    while (this.#rows.length > zones.length) this.#rows.pop()?.item.remove();
    zones.forEach((zone, index) => {
      const row = this.#rows[index] ?? this.#addRow(index);
      row.item.classList.toggle('selected', index === selected);
      write(row.shape, 'area' in zone ? `area, ${zone.area.length} points` : 'line');
      row.flip.hidden = 'area' in zone;
      row.flip.setAttribute('aria-label', `Flip the direction of ${zone.name}`);
      row.remove.setAttribute('aria-label', `Delete ${zone.name}`);
    });
    this.#showNames();
  }

  #addRow(index: number): Row {
    const item = document.createElement('li');
    const name = Object.assign(document.createElement('input'), { maxLength: maxNameLength, spellcheck: false });
    name.setAttribute('aria-label', 'Name of the zone');
    name.autocomplete = 'off';
    const shape = Object.assign(document.createElement('span'), { className: 'sub' });
    const flip = button('Flip', () => this.#act({ type: 'flip', index }));
    const remove = button('Delete', () => {
      this.#act({ type: 'delete', index });
      // The last row is gone, and with it the focus.
      this.#rows.at(Math.min(index, this.#rows.length - 1))?.remove.focus();
    });
    item.append(name, shape, flip, remove);
    const rename = (text: string) => {
      this.#act({ type: 'rename', index, name: text, isContinued: this.#isRenamed });
      this.#isRenamed = this.#zones[index]?.name !== this.#nameBefore;
    };
    name.addEventListener('focus', () => {
      this.#nameBefore = this.#zones[index]?.name ?? '';
      this.#isRenamed = false;
      this.#act({ type: 'select', index });
    });
    name.addEventListener('input', () => rename(name.value));
    name.addEventListener('blur', () => this.#showNames());
    name.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.#isRenamed) rename(this.#nameBefore);
      if (key === 'Enter' || key === 'Escape') name.blur();
    });
    this.#list.append(item);
    const row = { item, name, shape, flip, remove };
    this.#rows.push(row);
    return row;
  }

  /** A name that is being written stays. Says why it is not used, if so. */
  #showNames(): void {
    for (const [at, { name }] of this.#rows.entries()) {
      if (document.activeElement !== name) name.value = this.#zones[at]?.name ?? '';
    }
    const index = this.#rows.findIndex(({ name }) => name === document.activeElement);
    const name = this.#rows[index]?.name.value;
    const issue = name === undefined ? undefined : nameIssue(this.#zones, index, name);
    write(this.#issue, issue ?? zonesIssue(this.#zones) ?? '');
    for (const [at, row] of this.#rows.entries()) {
      row.name.setAttribute('aria-invalid', String(at === index && issue !== undefined));
    }
  }
}

function button(text: string, listener: () => void): HTMLButtonElement {
  const created = Object.assign(document.createElement('button'), {
    type: 'button',
    className: 'small',
    textContent: text,
  });
  created.addEventListener('click', listener);
  return created;
}
