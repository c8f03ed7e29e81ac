/** The mode in which zones are edited: its buttons, its list of zones, and their JSON. Nothing is sent to the gateway. */
import type { Zone } from '../client/index.ts';
import { onCopy } from './copy.ts';
import { element, write, writeField } from './elements.ts';
import { canFinish, type EditAction, type Edits, editsOf, minAreaPoints, reduce, zonesJson } from './zone-edits.ts';
import { ZoneHandles } from './zone-handles.ts';
import { ZoneList } from './zone-list.ts';
import type { DrawnZone, ZonePicture } from './zone-picture.ts';

const idleHint =
  'Drag a point to move it, and a small dot to add one. Double-click a point to remove it. Arrow keys move the focused point.';
const lineHint =
  'Set the two ends of the line: click, or move the cross with the arrow keys and press Space. Escape cancels.';

export class ZoneEditor {
  readonly #open = element('zones-edit', HTMLButtonElement);
  readonly #panel = element('zone-editor', HTMLElement);
  readonly #area = element('zone-area', HTMLButtonElement);
  readonly #line = element('zone-line', HTMLButtonElement);
  readonly #undo = element('zone-undo', HTMLButtonElement);
  readonly #done = element('zone-done', HTMLButtonElement);
  readonly #hint = element('zone-hint', HTMLElement);
  readonly #json = element('zone-json', HTMLTextAreaElement);
  readonly #handles: ZoneHandles;
  readonly #picture: ZonePicture;
  readonly #list = new ZoneList((action) => this.#act(action));
  readonly #changed: () => void;
  /** The zones of the gateway, which every edit starts from. */
  #served: readonly Zone[] = [];
  #edits: Edits = editsOf([]);

  /** @param changed called when the mode begins and ends. */
  constructor(picture: ZonePicture, changed: () => void) {
    this.#picture = picture;
    this.#changed = changed;
    this.#handles = new ZoneHandles(
      picture,
      () => this.#edits,
      (action) => this.#act(action),
    );
    this.#open.addEventListener('click', () => this.#setOpen(true));
    this.#done.addEventListener('click', () => this.#setOpen(false));
    this.#area.addEventListener('click', () => this.#draw('area'));
    this.#line.addEventListener('click', () => this.#draw('line'));
    this.#undo.addEventListener('click', () => this.#act({ type: this.#edits.draft === undefined ? 'undo' : 'back' }));
    onCopy(element('zone-copy', HTMLButtonElement), () => zonesJson(this.#edits.zones));
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  /** The zones as they are being edited. */
  get drawn(): DrawnZone[] {
    const { zones, selected } = this.#edits;
    return zones.map((zone, index) => ({ zone, text: zone.name, isSelected: index === selected }));
  }

  /**
   * Takes what the gateway serves: the zones of another pipeline, or those after a reload. After a reload, edits that the gateway does not
   * have stay.
   */
  serve(zones: readonly Zone[], isOtherPipeline: boolean): void {
    const keepsEdits = !isOtherPipeline && this.hasEdits;
    this.#served = zones;
    if (!keepsEdits) this.#edits = editsOf(zones);
    this.draw();
  }

  /** @param canOpen whether there is a picture to draw on. */
  setAvailable(canOpen: boolean): void {
    this.#open.hidden = this.isOpen || !canOpen;
  }

  /** Whether there are edits that the gateway does not have. */
  get hasEdits(): boolean {
    return zonesJson(this.#edits.zones) !== zonesJson(this.#served);
  }

  draw(): void {
    write(this.#open, this.hasEdits ? 'Edit zones (not saved)' : 'Edit zones');
    if (!this.isOpen) return;
    const { zones, draft, past, selected } = this.#edits;
    this.#picture.draw(this.drawn);
    this.#handles.draw();
    this.#list.show(zones, selected);
    this.#area.setAttribute('aria-pressed', String(draft?.kind === 'area'));
    this.#line.setAttribute('aria-pressed', String(draft?.kind === 'line'));
    this.#undo.disabled = (draft?.points ?? past).length === 0;
    write(this.#hint, this.#hintText());
    writeField(this.#json, zonesJson(zones));
  }

  #hintText(): string {
    const { zones, draft } = this.#edits;
    if (draft === undefined) return zones.length === 0 ? 'Draw an area or a line.' : idleHint;
    if (draft.kind === 'line') return lineHint;
    const close = canFinish(draft)
      ? 'To close it, click the first point, double-click, or press Enter.'
      : `It needs ${minAreaPoints} points or more.`;
    return `Set the corners of the area: click, or move the cross with the arrow keys and press Space. ${close} Escape cancels.`;
  }

  #setOpen(isOpen: boolean): void {
    this.#edits = reduce({ ...this.#edits, selected: undefined }, { type: 'cancel' });
    this.#panel.hidden = !isOpen;
    const { svg } = this.#picture;
    svg.classList.toggle('editing', isOpen);
    if (isOpen) {
      svg.setAttribute('tabindex', '0');
      svg.removeAttribute('aria-hidden');
    } else {
      // Without it, Chromium takes an SVG with such listeners for one that can have the focus.
      svg.setAttribute('tabindex', '-1');
      svg.setAttribute('aria-hidden', 'true');
      // Without a selected zone, no handles stay.
      this.#handles.draw();
    }
    this.#changed();
    this.draw();
    (isOpen ? this.#area : this.#open).focus({ preventScroll: true });
  }

  /** Starts a draft. The button of a draft cancels it, for those who have no Escape key. */
  #draw(kind: 'area' | 'line'): void {
    const isPressed = this.#edits.draft?.kind === kind;
    this.#act(isPressed ? { type: 'cancel' } : { type: 'draw', kind });
    if (!isPressed) this.#handles.startDraft();
  }

  #act(action: EditAction): void {
    this.#edits = reduce(this.#edits, action);
    this.draw();
  }

  #key({ key, ctrlKey, metaKey, target }: KeyboardEvent): void {
    if (!this.isOpen) return;
    // In a field, the browser undoes what was written.
    const isText = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    if (key === 'z' && (ctrlKey || metaKey) && !isText) this.#undo.click();
    if (key !== 'Escape') return;
    if (this.#edits.draft !== undefined) this.#act({ type: 'cancel' });
    else this.#handles.cancelMove();
  }
}
