/** Shows the latest frame with its detections. */
import type { Detection, FrameResult } from '../client/index.ts';
import { ClassColors } from './class-colors.ts';
import { drawTrails } from './draw-trails.ts';
import { element } from './elements.ts';
import { labelOf, type Rect, spokenMarks } from './labels.ts';
import { drawDetections } from './overlay.ts';
import { confidentLines } from './page-text.ts';
import type { ReceivedResult } from './run.ts';
import { Trails } from './trails.ts';
import type { Size } from './zone-geometry.ts';

/** Maximum canvas width in pixels: more costs time without a visible benefit. */
const maxCanvasWidth = 2560;
/** Minimum interval between updates of the text alternative for screen readers. */
const announceIntervalMs = 1000;
/** Maximum number of announced detections. */
const maxListItems = 20;

/** The frame on the page, in CSS pixels. */
export interface PictureState {
  readonly size: Size;
  /** Where names of zones are. */
  readonly names: readonly Rect[];
}

export class FrameView {
  readonly #canvas = element('picture', HTMLCanvasElement);
  readonly #caption = element('caption', HTMLElement);
  readonly #found = element('found', HTMLElement);
  readonly #legend = element('legend', HTMLElement);
  readonly #colors = new ClassColors();
  readonly #trails = new Trails();
  /** Width and height of the last frame: places of trails are pixels of it. */
  #size = '';
  #announcedMs = Number.NEGATIVE_INFINITY;

  /** @param isOfPage whether the frame is a page of text, whose lines are marked without labels. */
  show(
    { index, result, image, roundTripMs }: ReceivedResult,
    isOfPage: boolean,
    nowMs: number,
    { names, size }: PictureState,
  ): void {
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
    const tracks = isOfPage ? [] : (result.tracks ?? []);
    const scale = width / image.width;
    // Where the element is lower than the frame's ratio, the browser scales the canvas down.
    const drawn = size.width > 0 ? width / size.width : density;
    this.#addTrails(detections, result, nowMs);
    drawTrails(context, this.#trails.trails, { nowMs, scale, density: drawn });
    drawDetections(context, detections, tracks, {
      ...{ scale, density: drawn, hasLabels: !isOfPage, taken: names.map((rect) => scaled(rect, drawn)) },
      ...{ colors: this.#colors, keypointNames: result.keypoint_names ?? [] },
    });
    canvas.dataset['frame'] = String(index);
    this.#caption.textContent = `frame ${index} · ${result.width} × ${result.height} · ${Math.round(roundTripMs)} ms`;
    if (nowMs - this.#announcedMs >= announceIntervalMs) {
      this.#announcedMs = nowMs;
      this.#announce(detections, result);
    }
  }

  /** Forgets the tracks: those of the next session have the same numbers. */
  newSession(): void {
    this.#trails.clear();
  }

  /** Removes the frame, so that nothing of another source or pipeline stays in view. */
  clear(): void {
    const { width, height } = this.#canvas;
    this.#canvas.getContext('2d', { alpha: false })?.clearRect(0, 0, width, height);
    delete this.#canvas.dataset['frame'];
    this.#caption.textContent = '';
    this.#found.replaceChildren();
    this.#colors.clear();
    this.#trails.clear();
    this.#legend.hidden = true;
    this.#announcedMs = Number.NEGATIVE_INFINITY;
  }

  /** A tracker's own boxes are smoother than those of the detections. */
  #addTrails(detections: readonly Detection[], { tracks, width, height }: FrameResult, nowMs: number): void {
    const size = `${width} ${height}`;
    if (size !== this.#size) this.#trails.clear();
    this.#size = size;
    this.#trails.add(tracks ?? detections, nowMs);
    if (tracks !== undefined || this.#trails.trails.size > 0) this.#legend.hidden = false;
  }

  /** Updates the text alternative of the frame. Classes of the whole frame have their own list. */
  #announce(detections: readonly Detection[], { text, classes }: FrameResult): void {
    const lines = detections.slice(0, maxListItems).map((detection) => labelOf(detection, spokenMarks));
    if (lines.length === 0 && classes === undefined) lines.push(text || 'Nothing');
    this.#found.replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement('li'), { textContent: line })),
    );
  }
}

function scaled({ x, y, width, height }: Rect, by: number): Rect {
  return { x: x * by, y: y * by, width: width * by, height: height * by };
}
