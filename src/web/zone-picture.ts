/** Draws zones over the picture: an SVG that always covers exactly the frame, whatever the size of the page. */
import type { Point, Zone } from '../client/index.ts';
import { element } from './elements.ts';
import type { Rect } from './labels.ts';
import { svgElement } from './svg-elements.ts';
import { arrowOf, namePlace, pointsOf, type Size, toPixels } from './zone-geometry.ts';

export interface DrawnZone {
  readonly zone: Zone;
  /** The name, with counts. */
  readonly text: string;
  readonly isSelected?: boolean;
}

/** Height of a name in CSS pixels. */
const nameHeight = 18;

export class ZonePicture {
  readonly svg = element('zones', SVGSVGElement);
  readonly #canvas = element('picture', HTMLCanvasElement);
  readonly #shapes = svgElement('g');
  #size: Size = { width: 0, height: 0 };
  #zones: readonly DrawnZone[] = [];
  #names: Rect[] = [];

  /** @param resized called when points have new places. */
  constructor(resized: () => void) {
    this.svg.append(this.#shapes);
    new ResizeObserver(() => this.#fit(resized)).observe(this.#canvas);
    // The frame's aspect ratio may change while the element stays as large as it was.
    new MutationObserver(() => this.#fit(resized)).observe(this.#canvas, { attributeFilter: ['width', 'height'] });
    this.#fit(() => undefined);
  }

  /** Size of the frame on the page, in CSS pixels. */
  get size(): Size {
    return this.#size;
  }

  /** Where the names are, in CSS pixels of the frame. */
  get names(): readonly Rect[] {
    return this.svg.hasAttribute('hidden') ? [] : this.#names;
  }

  set isVisible(isVisible: boolean) {
    this.svg.toggleAttribute('hidden', !isVisible);
  }

  /** Draws the zones, unless they are drawn already. */
  draw(zones: readonly DrawnZone[]): void {
    if (JSON.stringify(zones) === JSON.stringify(this.#zones)) return;
    this.#zones = zones;
    this.#redraw();
  }

  #redraw(): void {
    this.#shapes.replaceChildren(...this.#zones.map((drawn) => zoneShape(drawn, this.#size)));
    this.#names = [...this.#shapes.children].map((shape, index) => {
      const text = shape.querySelector('text') as SVGTextElement;
      const size = { width: text.getComputedTextLength(), height: nameHeight };
      const [x, y] = namePlace((this.#zones[index] as DrawnZone).zone, this.#size, size);
      text.setAttribute('x', String(x));
      text.setAttribute('y', String(y));
      return { x: x - size.width / 2, y: y - size.height / 2, ...size };
    });
  }

  /** Covers the part of the canvas that the frame fills: where the canvas is lower than the frame's ratio, there is room beside it. */
  #fit(resized: () => void): void {
    const { clientWidth, clientHeight, width, height } = this.#canvas;
    const scale = Math.min(clientWidth / width, clientHeight / height);
    const size = { width: width * scale, height: height * scale };
    const { style } = this.svg;
    style.left = `${(clientWidth - size.width) / 2}px`;
    style.top = `${(clientHeight - size.height) / 2}px`;
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    style.width = `${size.width}px`;
    style.height = `${size.height}px`;
    this.svg.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
    this.#redraw();
    resized();
  }
}

function zoneShape({ zone, text, isSelected = false }: DrawnZone, size: Size): SVGGElement {
  const group = svgElement('g', { class: isSelected ? 'zone selected' : 'zone', 'data-name': zone.name });
  const path = pathOf(pointsOf(zone), size, 'area' in zone);
  group.append(svgElement('path', { class: 'halo', d: path }));
  group.append(svgElement('path', { class: 'area' in zone ? 'area' : 'line', d: path }));
  if ('line' in zone) {
    const { shaft, head } = arrowOf(zone.line, size);
    const drawn = pathOf(shaft, undefined, false);
    group.append(svgElement('path', { class: 'halo', d: drawn }), svgElement('path', { class: 'line', d: drawn }));
    group.append(svgElement('path', { class: 'head', d: pathOf(head, undefined, true) }));
  }
  const name = svgElement('text');
  name.textContent = text;
  group.append(name);
  return group;
}

/** @param size of the frame if the points are fractions of it. */
export function pathOf(points: readonly Point[], size: Size | undefined, isClosed: boolean): string {
  const places = points.map((point) => (size === undefined ? point : toPixels(point, size)));
  const path = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');
  return path === '' ? '' : `M${path}${isClosed ? 'Z' : ''}`;
}
