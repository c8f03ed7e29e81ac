/** The list of the last texts, each with the crop it was read from. */
import type { Detection } from '../client/index.ts';
import { cropHeight, cropWidth, cutCrop } from './crops.ts';
import { element } from './elements.ts';
import type { Answer } from './run.ts';
import { type Reading, TextLog } from './text-log.ts';

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

  /** Looks through a result; where there is a new or a better reading, its crop is cut from the picture. */
  add({ result, picture }: Answer, nowMs: number): void {
    for (const detection of result.detections ?? []) this.#read(detection, picture, nowMs);
  }

  /** Brings the list up to date with the log, and its times with now. */
  render(nowMs: number): void {
    const { readings } = this.#log;
    this.#empty.hidden = readings.length > 0;
    const ids = new Set(readings.map(({ id }) => id));
    for (const [id, { item }] of this.#rows) {
      if (ids.has(id)) continue;
      item.remove();
      this.#rows.delete(id);
    }
    readings.forEach((reading, index) => {
      const row = this.#rows.get(reading.id);
      if (row === undefined) return;
      write(row, reading, nowMs);
      if (this.#list.children[index] !== row.item)
        this.#list.insertBefore(row.item, this.#list.children[index] ?? null);
    });
  }

  #read(detection: Detection, picture: ImageBitmap, nowMs: number): void {
    const { text = '', text_score: score = 0, label } = detection;
    const verdict = this.#log.add({ text, score, label }, nowMs);
    if (verdict.type !== 'new' && verdict.type !== 'better') return;
    const { id } = verdict.reading;
    const row = this.#rows.get(id) ?? createRow();
    this.#rows.set(id, row);
    cutCrop(picture, detection, row.canvas);
  }
}

function createRow(): Row {
  const item = document.createElement('li');
  const canvas = document.createElement('canvas');
  // What it shows is written beside it.
  canvas.setAttribute('aria-hidden', 'true');
  Object.assign(canvas, { width: cropWidth, height: cropHeight });
  const text = Object.assign(document.createElement('span'), { className: 'text' });
  const meta = Object.assign(document.createElement('span'), { className: 'meta' });
  item.append(canvas, text, meta);
  return { item, canvas, text, meta };
}

function write({ text, meta }: Row, reading: Reading, nowMs: number): void {
  const metaText = `${Math.round(reading.score * 100)} % · ${agoWords(nowMs - reading.lastSeenMs)}`;
  if (text.textContent !== reading.text) text.textContent = reading.text;
  text.title = reading.text;
  if (meta.textContent !== metaText) meta.textContent = metaText;
}

/** How long ago, in as few words as there can be. */
export function agoWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}
