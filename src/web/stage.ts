/** The picture of the page: the newest answered frame with what was found in it. */
import type { Detection } from '../client/index.ts';
import { element } from './elements.ts';
import { drawDetections, labelOf } from './overlay.ts';
import type { Answer } from './run.ts';

/** A canvas of more pixels than this across costs time and is not seen. */
const widestCanvas = 2560;
/** People and screen readers are told of what is in the frame at most this often. */
const tellEveryMs = 1000;
/** Longer lists are of use to nobody who listens to them. */
const maxListItems = 20;

export class Stage {
  readonly #canvas = element('picture', HTMLCanvasElement);
  readonly #caption = element('caption', HTMLElement);
  readonly #found = element('found', HTMLElement);
  #toldMs = Number.NEGATIVE_INFINITY;

  show({ index, result, picture, roundTripMs }: Answer, nowMs: number): void {
    const canvas = this.#canvas;
    const density = Math.min(window.devicePixelRatio, widestCanvas / Math.max(1, canvas.clientWidth));
    const width = Math.round((canvas.clientWidth || picture.width) * density);
    const height = Math.round((width * picture.height) / picture.width);
    // Assigning a size, even the same, empties a canvas.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) return;
    context.drawImage(picture, 0, 0, width, height);
    const detections = result.detections ?? [];
    drawDetections(context, detections, width / picture.width, density);
    canvas.dataset['frame'] = String(index);
    this.#caption.textContent = `frame ${index} · ${result.width} × ${result.height} · ${Math.round(roundTripMs)} ms`;
    if (nowMs - this.#toldMs >= tellEveryMs) {
      this.#toldMs = nowMs;
      this.#tell(detections, result.text);
    }
  }

  /** What is in the frame, for those who do not see it. */
  #tell(detections: readonly Detection[], pageText: string | undefined): void {
    const lines = detections.slice(0, maxListItems).map(labelOf);
    if (lines.length === 0) lines.push(pageText || 'Nothing');
    this.#found.replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement('li'), { textContent: line })),
    );
  }
}
