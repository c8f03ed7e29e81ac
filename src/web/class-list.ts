/** The most likely classes of the whole frame, with their probabilities, over the frame. */
import type { ClassScore } from '../client/index.ts';
import { element, write } from './elements.ts';

/** More would cover too much of the frame. */
const maxRows = 5;
/** Minimum interval between announcements of the most likely class to screen readers. */
const announceIntervalMs = 2000;

/** The text and the length of one row. */
export interface ClassRow {
  readonly label: string;
  readonly percent: string;
  /** Length of the bar relative to the whole, 0 to 1. */
  readonly part: number;
}

/** The rows of a result, best first. */
export function classRows(classes: readonly ClassScore[]): ClassRow[] {
  return classes
    .toSorted((a, b) => b.score - a.score)
    .slice(0, maxRows)
    .map(({ label, score }) => ({
      label,
      percent: `${Math.round(score * 100)} %`,
      part: Math.min(1, Math.max(0, score)),
    }));
}

export class ClassList {
  readonly #panel = element('classes', HTMLElement);
  readonly #list = element('class-list', HTMLElement);
  readonly #status = element('class-status', HTMLElement);
  #classes: readonly ClassScore[] | undefined;
  #announcedMs = Number.NEGATIVE_INFINITY;

  /** Takes the classes of the newest result. A result without any empties the rows, and the panel stays, so that it does not flicker. */
  set(classes: readonly ClassScore[] | undefined): void {
    if (classes !== undefined || this.#classes !== undefined) this.#classes = classes ?? [];
  }

  /** Removes the panel until a result has classes. */
  clear(): void {
    this.#classes = undefined;
    this.#announcedMs = Number.NEGATIVE_INFINITY;
    this.#panel.hidden = true;
    this.#list.replaceChildren();
    write(this.#status, '');
  }

  /** Updates the rows: not with every result, so that they can be read. */
  render(nowMs: number): void {
    if (this.#classes === undefined) return;
    const rows = classRows(this.#classes);
    this.#panel.hidden = false;
    while (this.#list.children.length < rows.length) this.#list.append(createRow());
    // Rows that are not needed keep their place, so that the others do not move.
    [...this.#list.children].forEach((item, index) => void writeRow(item as HTMLElement, rows[index]));
    const best = rows[0]?.label ?? 'No class';
    if (nowMs - this.#announcedMs < announceIntervalMs || this.#status.textContent === best) return;
    this.#announcedMs = nowMs;
    write(this.#status, best);
  }
}

function createRow(): HTMLElement {
  const item = document.createElement('li');
  const label = Object.assign(document.createElement('span'), { className: 'label' });
  const track = Object.assign(document.createElement('span'), { className: 'track' });
  const percent = Object.assign(document.createElement('span'), { className: 'percent' });
  track.append(document.createElement('i'));
  item.append(label, track, percent);
  return item;
}

function writeRow(item: HTMLElement, row: ClassRow | undefined): void {
  item.classList.toggle('vacant', row === undefined);
  const [label, track, percent] = item.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
  write(label, row?.label ?? '');
  label.title = row?.label ?? '';
  write(percent, row?.percent ?? '');
  (track.firstElementChild as HTMLElement).style.inlineSize = `${((row?.part ?? 0) * 100).toFixed(1)}%`;
}
