/** The list of recent texts, each with its image crop. */
import type { Detection } from '../client/index.ts';
import { cropHeight, cropWidth, drawCrop } from './crops.ts';
import { element } from './elements.ts';
import type { ReceivedResult } from './run.ts';
import { type Recognition, TextLog } from './text-log.ts';

interface Row {
  readonly item: HTMLLIElement;
  readonly canvas: HTMLCanvasElement;
  readonly text: HTMLElement;
  readonly meta: HTMLElement;
}

export class TextList {
  readonly #list = element('texts', HTMLElement);
  readonly #empty = element('texts-empty', HTMLElement);
  readonly #log = new TextLog();
  readonly #rows = new Map<number, Row>();

  /** Adds the texts of a result. New or improved recognitions get a crop of the image. */
  add({ result, image }: ReceivedResult, nowMs: number): void {
    for (const detection of result.detections ?? []) this.#addDetection(detection, image, nowMs);
  }

  /** Updates the list and its relative times. */
  render(nowMs: number): void {
    const { recognitions } = this.#log;
    this.#empty.hidden = recognitions.length > 0;
    const ids = new Set(recognitions.map(({ id }) => id));
    for (const [id, { item }] of this.#rows) {
      if (ids.has(id)) continue;
      item.remove();
      this.#rows.delete(id);
    }
    recognitions.forEach((recognition, index) => {
      const row = this.#rows.get(recognition.id);
      if (row === undefined) return;
      write(row, recognition, nowMs);
      if (this.#list.children[index] !== row.item)
        this.#list.insertBefore(row.item, this.#list.children[index] ?? null);
    });
  }

  #addDetection(detection: Detection, image: ImageBitmap, nowMs: number): void {
    const { text = '', text_score: score = 0, label } = detection;
    const update = this.#log.add({ text, score, label }, nowMs);
    if (update.type !== 'new' && update.type !== 'better') return;
    const { id } = update.recognition;
    const row = this.#rows.get(id) ?? createRow();
    this.#rows.set(id, row);
    drawCrop(image, detection, row.canvas);
  }
}

function createRow(): Row {
  const item = document.createElement('li');
  const canvas = document.createElement('canvas');
  // The text next to it is the alternative.
  canvas.setAttribute('aria-hidden', 'true');
  Object.assign(canvas, { width: cropWidth, height: cropHeight });
  const text = Object.assign(document.createElement('span'), { className: 'text' });
  const meta = Object.assign(document.createElement('span'), { className: 'meta' });
  item.append(canvas, text, meta);
  return { item, canvas, text, meta };
}

function write({ text, meta }: Row, recognition: Recognition, nowMs: number): void {
  const metaText = `${Math.round(recognition.score * 100)} % · ${formatAgo(nowMs - recognition.lastSeenMs)}`;
  if (text.textContent !== recognition.text) text.textContent = recognition.text;
  text.title = recognition.text;
  if (meta.textContent !== metaText) meta.textContent = metaText;
}

/** Formats a relative time. */
export function formatAgo(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}
