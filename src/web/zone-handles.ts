/** Draws and moves the points of zones on the picture, by mouse, touch and keyboard. */
import type { Point } from '../client/index.ts';
import { cornerOf, createHandle, draftHandles, handleAttributes, handlesOf, reach } from './handle-shapes.ts';
import { setAttributes, svgElement } from './svg-elements.ts';
import { type Corner, canFinish, type EditAction, type Edits } from './zone-edits.ts';
import { middlesOf, nearestPoint, pointsOf, toPixels } from './zone-geometry.ts';
import { pathOf, type ZonePicture } from './zone-picture.ts';

/** Moves of an arrow key, as a part of the frame; with the shift key, the longer one. */
const step = 0.005;
const longStep = 0.05;

const directions: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What the pointer has grasped. */
type Grasp = { readonly zone: number; readonly from: Point } & (
  | { readonly type: 'corner'; readonly point: number }
  | { readonly type: 'zone' }
);

export class ZoneHandles {
  readonly #picture: ZonePicture;
  readonly #layer = svgElement('g');
  readonly #draft = svgElement('path', { class: 'draft' });
  readonly #cross = svgElement('path', { class: 'cross' });
  readonly #edits: () => Edits;
  readonly #act: (action: EditAction) => void;
  /** Where the next point of a draft would be. */
  #cursor: Point = [0.5, 0.5];
  #grasp: Grasp | undefined;
  /** The corner that was pressed last. A captured pointer's clicks do not say. */
  #pressed: Corner | undefined;
  /** The grasped thing has moved since it was grasped, or the focused one since it has the focus. */
  #hasMoved = false;

  constructor(picture: ZonePicture, edits: () => Edits, act: (action: EditAction) => void) {
    this.#picture = picture;
    this.#edits = edits;
    this.#act = act;
    const { svg } = picture;
    svg.append(this.#draft, this.#layer, this.#cross);
    svg.addEventListener('pointerdown', (event) => this.#down(event));
    svg.addEventListener('pointermove', (event) => this.#moved(event));
    svg.addEventListener('pointerup', () => this.#release());
    svg.addEventListener('pointercancel', () => this.#letGo());
    svg.addEventListener('click', (event) => this.#clicked(event));
    svg.addEventListener('dblclick', () => this.#doubleClicked());
    svg.addEventListener('keydown', (event) => this.#key(event));
    svg.addEventListener('focusin', () => {
      this.#hasMoved = false;
    });
  }

  /** Whether Escape ends a movement. */
  get isMoving(): boolean {
    return this.#grasp !== undefined && this.#hasMoved;
  }

  /** Makes the picture ready for drawing with the keyboard. */
  startDraft(): void {
    this.#cursor = [0.5, 0.5];
    this.#picture.svg.focus({ preventScroll: true });
    this.draw();
  }

  /** Takes back the movement that is under way. */
  cancelMove(): void {
    if (this.isMoving) this.#act({ type: 'undo' });
    this.#letGo();
  }

  /** Shows the handles of the selected zone, or the draft. */
  draw(): void {
    const { zones, selected, draft } = this.#edits();
    const { svg, size } = this.#picture;
    svg.classList.toggle('drawing', draft !== undefined);
    const points = draft === undefined ? [] : [...draft.points, this.#cursor];
    this.#draft.setAttribute('d', pathOf(points, size, false));
    this.#cross.setAttribute('d', draft === undefined ? '' : this.#crossPath());
    const zone = selected === undefined ? undefined : zones[selected];
    const handles =
      draft === undefined ? handlesOf(zone, selected ?? 0, size) : draftHandles(draft.points, canFinish(draft));
    // Elements stay, so that they keep the focus.
    while (this.#layer.children.length > handles.length) this.#layer.lastElementChild?.remove();
    handles.forEach(({ place, attributes }, index) => {
      const handle = this.#layer.children[index] ?? this.#layer.appendChild(createHandle());
      for (const name of handleAttributes) {
        const value = attributes[name];
        if (value === undefined) handle.removeAttribute(name);
        else handle.setAttribute(name, value);
      }
      const [x, y] = toPixels(place, size);
      for (const circle of handle.children) setAttributes(circle, { cx: x, cy: y });
    });
  }

  #crossPath(): string {
    const [x, y] = toPixels(this.#cursor, this.#picture.size).map(Math.round) as [number, number];
    return `M${x - reach} ${y}H${x + reach}M${x} ${y - reach}V${y + reach}`;
  }

  #down(event: PointerEvent): void {
    const { draft, zones } = this.#edits();
    if (draft !== undefined || event.button !== 0) return;
    const from = this.#placeOf(event);
    const found = cornerOf(event.target);
    const zone = found?.zone ?? this.#zoneOf(event.target);
    this.#hasMoved = false;
    this.#pressed = found?.isMiddle === false ? found : undefined;
    if (zone === undefined || zones[zone] === undefined) {
      this.#act({ type: 'select', index: undefined });
      return;
    }
    this.#picture.svg.setPointerCapture(event.pointerId);
    if (found === undefined) {
      this.#grasp = { type: 'zone', zone, from };
      this.#act({ type: 'select', index: zone });
    } else if (found.isMiddle) {
      this.#act({ type: 'insert', at: found, point: from });
      this.#grasp = { type: 'corner', zone, point: found.point + 1, from };
      // Undoing takes the point away, wherever it was moved.
      this.#hasMoved = true;
    } else this.#grasp = { type: 'corner', zone, point: found.point, from };
  }

  #moved(event: PointerEvent): void {
    const place = this.#placeOf(event);
    if (this.#edits().draft !== undefined) {
      this.#cursor = place;
      this.draw();
      return;
    }
    const grasp = this.#grasp;
    if (grasp === undefined) return;
    const by: Point = [place[0] - grasp.from[0], place[1] - grasp.from[1]];
    if (by[0] === 0 && by[1] === 0) return;
    const isContinued = this.#hasMoved;
    this.#hasMoved = true;
    if (grasp.type === 'zone') {
      this.#act({ type: 'shift', index: grasp.zone, by, isContinued });
      this.#grasp = { ...grasp, from: place };
    } else this.#act({ type: 'move', at: grasp, point: place, isContinued });
  }

  #release(): void {
    this.#grasp = undefined;
  }

  #letGo(): void {
    this.#grasp = undefined;
    this.#hasMoved = false;
  }

  #clicked(event: MouseEvent): void {
    const { draft } = this.#edits();
    // The second click of a double click closes the area.
    if (draft === undefined || event.detail > 1) return;
    const place = this.#placeOf(event);
    // A tap comes without a movement before it.
    this.#cursor = place;
    const { size } = this.#picture;
    const first = draft.points.slice(0, 1).map((point) => toPixels(point, size));
    if (canFinish(draft) && nearestPoint(first, toPixels(place, size), reach) === 0) this.#act({ type: 'finish' });
    else this.#act({ type: 'point', point: place });
  }

  #doubleClicked(): void {
    if (this.#edits().draft !== undefined) {
      this.#act({ type: 'finish' });
      return;
    }
    if (this.#pressed !== undefined) this.#act({ type: 'remove', at: this.#pressed });
    this.#pressed = undefined;
  }

  #key(event: KeyboardEvent): void {
    const { draft } = this.#edits();
    const direction = directions[event.key];
    const length = event.shiftKey ? longStep : step;
    const by: Point | undefined = direction && [direction[0] * length, direction[1] * length];
    const isUsed = draft === undefined ? this.#handleKey(event, by) : this.#draftKey(event.key, by);
    if (isUsed) event.preventDefault();
  }

  /** @returns whether the key means something. */
  #draftKey(key: string, by: Point | undefined): boolean {
    if (by !== undefined) {
      const [x, y] = this.#cursor;
      this.#cursor = [Math.min(1, Math.max(0, x + by[0])), Math.min(1, Math.max(0, y + by[1]))];
      this.draw();
    } else if (key === ' ') this.#act({ type: 'point', point: this.#cursor });
    else if (key === 'Enter') this.#act({ type: 'finish' });
    else if (key === 'Backspace') this.#act({ type: 'back' });
    else return false;
    return true;
  }

  #handleKey({ key, target }: KeyboardEvent, by: Point | undefined): boolean {
    const corner = cornerOf(target);
    const zone = corner && this.#edits().zones[corner.zone];
    if (corner === undefined || zone === undefined) return false;
    if (corner.isMiddle) {
      if (key !== 'Enter' && key !== ' ') return false;
      const middle = middlesOf(pointsOf(zone))[corner.point];
      if (middle !== undefined) this.#act({ type: 'insert', at: corner, point: middle });
      return true;
    }
    const place = pointsOf(zone)[corner.point];
    if (by !== undefined && place !== undefined) {
      const isContinued = this.#hasMoved;
      this.#hasMoved = true;
      this.#act({ type: 'move', at: corner, point: [place[0] + by[0], place[1] + by[1]], isContinued });
    } else if (key === 'Delete' || key === 'Backspace') {
      this.#hasMoved = false;
      this.#act({ type: 'remove', at: corner });
    } else return false;
    return true;
  }

  #zoneOf(target: EventTarget | null): number | undefined {
    const name = target instanceof Element ? target.closest('.zone')?.getAttribute('data-name') : undefined;
    const index = this.#edits().zones.findIndex((zone) => zone.name === name);
    return index < 0 ? undefined : index;
  }

  /** The place of a pointer as fractions of the frame. */
  #placeOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = this.#picture.svg.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }
}
