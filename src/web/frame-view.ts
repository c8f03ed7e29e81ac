/** Shows the latest frame with its detections. */
import type { Detection, FrameResult } from '../client/index.ts';
import { ClassColors } from './class-colors.ts';
import { element } from './elements.ts';
import { drawDetections, labelOf } from './overlay.ts';
import { confidentLines } from './page-text.ts';
import type { ReceivedResult } from './run.ts';

/** Maximum canvas width in pixels: more costs time without a visible benefit. */
const maxCanvasWidth = 2560;
/** Minimum interval between updates of the text alternative for screen readers. */
const announceIntervalMs = 1000;
/** Maximum number of announced detections. */
const maxListItems = 20;

export class FrameView {
  readonly #canvas = element('picture', HTMLCanvasElement);
  readonly #caption = element('caption', HTMLElement);
  readonly #found = element('found', HTMLElement);
  readonly #colors = new ClassColors();
  #announcedMs = Number.NEGATIVE_INFINITY;

  /** @param isOfPage whether the frame is a page of text, whose lines are marked without labels. */
  show({ index, result, image, roundTripMs }: ReceivedResult, isOfPage: boolean, nowMs: number): void {
    const canvas = this.#canvas;
    const density = Math.min(window.devicePixelRatio, maxCanvasWidth / Math.max(1, canvas.clientWidth));
    const width = Math.round((canvas.clientWidth || image.width) * density);
    const height = Math.round((width * image.height) / image.width);
    // Assigning a size clears the canvas, even if it is unchanged.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) return;
    context.drawImage(image, 0, 0, width, height);
    const detections = isOfPage ? confidentLines(result) : (result.detections ?? []);
    drawDetections(context, detections, {
      ...{ scale: width / image.width, density, hasLabels: !isOfPage },
      ...{ colors: this.#colors, keypointNames: result.keypoint_names ?? [] },
    });
    canvas.dataset['frame'] = String(index);
    this.#caption.textContent = `frame ${index} · ${result.width} × ${result.height} · ${Math.round(roundTripMs)} ms`;
    if (nowMs - this.#announcedMs >= announceIntervalMs) {
      this.#announcedMs = nowMs;
      this.#announce(detections, result);
    }
  }

  /** Removes the frame, so that nothing of another source or pipeline stays in view. */
  clear(): void {
    const { width, height } = this.#canvas;
    this.#canvas.getContext('2d', { alpha: false })?.clearRect(0, 0, width, height);
    delete this.#canvas.dataset['frame'];
    this.#caption.textContent = '';
    this.#found.replaceChildren();
    this.#colors.clear();
    this.#announcedMs = Number.NEGATIVE_INFINITY;
  }

  /** Updates the text alternative of the frame. Classes of the whole frame have their own list. */
  #announce(detections: readonly Detection[], { text, classes }: FrameResult): void {
    const lines = detections.slice(0, maxListItems).map(labelOf);
    if (lines.length === 0 && classes === undefined) lines.push(text || 'Nothing');
    this.#found.replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement('li'), { textContent: line })),
    );
  }
}
