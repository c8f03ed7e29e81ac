/** The table of cameras: keeps one row of elements per camera, and writes only what has changed. */
import { CameraDetails } from './camera-details.ts';
import { isGone, isRefused, type Row, type Sorting, type SortKey } from './camera-rows.ts';
import { cellsOf, stateText } from './camera-text.ts';
import { cloneRow, element, write } from './elements.ts';
import { sparkline } from './sparkline.ts';

export interface TableEvents {
  /** A column's button was clicked. */
  sortedBy(key: SortKey): void;
}

/** Elements of one row. */
interface RowView {
  readonly line: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly place: Element;
  readonly state: Element;
  readonly why: Element;
  readonly cells: readonly (readonly [key: string, cell: Element])[];
  readonly frames: Element;
  readonly results: Element;
}

const disconnected = 'Disconnected';
const noPipeline = 'no pipeline_id';
/** Whoever has not moved for this long has gone, and left the pointer or the focus on a row. */
const maxHoldMs = 30_000;

export class CameraTable {
  readonly #body = element('rows', HTMLTableSectionElement);
  readonly #views = new Map<string, RowView>();
  readonly #details = new CameraDetails();
  readonly #headers: readonly HTMLElement[];
  #openKey: string | undefined;
  #usedAtMs = Number.NEGATIVE_INFINITY;
  #rows: readonly Row[] = [];

  constructor({ sortedBy }: TableEvents) {
    const buttons = [...document.querySelectorAll<HTMLButtonElement>('button[data-sort]')];
    this.#headers = buttons.map((button) => button.parentElement as HTMLElement);
    for (const type of ['pointermove', 'keydown', 'focusin']) {
      this.#body.addEventListener(type, () => {
        this.#usedAtMs = performance.now();
      });
    }
    for (const button of buttons) button.addEventListener('click', () => sortedBy(button.dataset['sort'] as SortKey));
  }

  /** Whether rows must stay where they are. A finger leaves `:hover` behind. */
  get isHeld(): boolean {
    if (performance.now() - this.#usedAtMs > maxHoldMs) return false;
    const isPointedAt = matchMedia('(hover: hover)').matches && this.#body.matches(':hover');
    return isPointedAt || this.#body.contains(document.activeElement);
  }

  showSorting({ by, isDescending }: Sorting): void {
    for (const header of this.#headers) {
      if (header.querySelector('button')?.dataset['sort'] !== by) header.removeAttribute('aria-sort');
      else header.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
    }
  }

  /**
   * @param rows in their order.
   * @param connected keys of the rows that are still there.
   */
  render(rows: readonly Row[], connected: ReadonlySet<string>): void {
    this.#rows = rows;
    this.#removeAllBut(new Set(rows.map(({ key }) => key)));
    const focused = document.activeElement;
    this.#place(rows, connected);
    // An element that is moved loses the focus.
    const hasLostFocus = focused !== document.activeElement && this.#body.contains(focused);
    if (hasLostFocus && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }

  #removeAllBut(shown: ReadonlySet<string>): void {
    for (const [key, { line }] of this.#views) {
      if (shown.has(key)) continue;
      line.remove();
      this.#views.delete(key);
      if (key === this.#openKey) this.#toggle(key);
    }
  }

  /** Moves only the rows that are not at their place. */
  #place(rows: readonly Row[], connected: ReadonlySet<string>): void {
    let place = this.#body.firstElementChild;
    for (const row of rows) {
      const { line } = this.#update(row, connected.has(row.key));
      for (const part of row.key === this.#openKey ? [line, this.#details.element] : [line]) {
        if (part === place) place = place.nextElementSibling;
        else this.#body.insertBefore(part, place);
      }
    }
  }

  #update(row: Row, isConnected: boolean): RowView {
    const view = this.#views.get(row.key) ?? this.#create(row.key);
    const { session, problem } = row;
    write(view.button, row.name);
    const { camera, address, pipeline = noPipeline } = session;
    write(view.place, camera === undefined ? pipeline : `${address} · ${pipeline}`);
    write(view.state, isConnected ? stateText(row) : disconnected);
    write(view.why, problem?.text ?? '');
    const kind = !isConnected ? 'gone' : (problem?.side ?? 'ok');
    if (view.line.dataset['kind'] !== kind) view.line.dataset['kind'] = kind;
    const texts = cellsOf(row);
    for (const [key, cell] of view.cells) write(cell, texts[key] ?? '');
    const isClosed = isGone(session) || isRefused(session);
    const shapes = isClosed ? undefined : sparkline(session.recent_frames, session.recent_results);
    setPath(view.frames, shapes?.frames ?? '');
    setPath(view.results, shapes?.results ?? '');
    if (row.key === this.#openKey) this.#details.show(row);
    return view;
  }

  #create(key: string): RowView {
    const line = cloneRow('row');
    const part = <Kind extends Element>(selector: string) => line.querySelector(selector) as Kind;
    const view: RowView = {
      line,
      button: part('.name button'),
      place: part('.name .sub'),
      state: part('.state b'),
      why: part('.state .sub'),
      cells: [...line.querySelectorAll<HTMLElement>('[data-cell]')].map((cell) => [cell.dataset['cell'] ?? '', cell]),
      frames: part('path.frames'),
      results: part('path.results'),
    };
    view.button.addEventListener('click', () => this.#toggle(key));
    this.#views.set(key, view);
    return view;
  }

  /** Opens the details of a row, or closes them. Only one row has details at a time. */
  #toggle(key: string): void {
    const before = this.#openKey;
    if (before !== undefined) this.#views.get(before)?.button.setAttribute('aria-expanded', 'false');
    this.#details.element.remove();
    this.#openKey = before === key ? undefined : key;
    const row = this.#rows.find((each) => each.key === this.#openKey);
    if (row === undefined) return;
    const view = this.#views.get(key);
    view?.button.setAttribute('aria-expanded', 'true');
    this.#details.show(row);
    view?.line.after(this.#details.element);
  }
}

function setPath(path: Element, shape: string): void {
  if (path.getAttribute('d') !== shape) path.setAttribute('d', shape);
}
