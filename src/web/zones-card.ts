/** The counts of each zone. */
import { element, write } from './elements.ts';
import type { CountRow, ZoneCounts } from './zone-counts.ts';

export class ZonesCard {
  readonly #card = element('zones-card', HTMLElement);
  readonly #list = element('zone-counts', HTMLElement);

  show(zones: readonly ZoneCounts[]): void {
    this.#card.hidden = zones.length === 0;
    fit(this.#list, zones.length, createZone);
    zones.forEach(({ name, shape, rows }, index) => {
      const [title, figures] = (this.#list.children[index] as HTMLElement).children as unknown as [
        HTMLElement,
        HTMLElement,
      ];
      write(title.children[0] as Element, name);
      write(title.children[1] as Element, shape ?? '');
      fit(figures, rows.length, createFigure);
      rows.forEach((row, at) => void writeFigure(figures.children[at] as HTMLElement, row));
    });
  }
}

/** Adds and removes children until there are as many. */
function fit(parent: Element, count: number, create: () => Element): void {
  while (parent.children.length > count) parent.lastElementChild?.remove();
  while (parent.children.length < count) parent.append(create());
}

function createZone(): HTMLElement {
  const item = document.createElement('li');
  const title = document.createElement('h3');
  title.append(document.createElement('span'), Object.assign(document.createElement('span'), { className: 'sub' }));
  item.append(title, document.createElement('dl'));
  return item;
}

function createFigure(): HTMLElement {
  const figure = document.createElement('div');
  const total = document.createElement('dd');
  const byLabel = Object.assign(document.createElement('dd'), { className: 'sub' });
  figure.append(document.createElement('dt'), total, byLabel);
  return figure;
}

function writeFigure(figure: HTMLElement, { name, total, byLabel }: CountRow): void {
  const [term, number, labels] = figure.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
  write(term, name);
  write(number, String(total));
  write(labels, byLabel);
}
