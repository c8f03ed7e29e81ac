/** The list of recent texts, each with its image crop. */
import type { Detection } from '../client/index.ts';
import { cropHeight, cropWidth, drawCrop } from './crops.ts';
import { element } from './elements.ts';
import type { ReceivedResult } from './run.ts';
import { type Recognition, TextLog, type TextTrack } from './text-log.ts';

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
  /** Counts the sessions. */
  #sessions = 0;
  readonly #headings = new Map<string, HTMLLIElement>();

  /** Adds the texts of a result. New or improved recognitions get a crop of the image. */
  add({ result, image }: ReceivedResult, source: string, nowMs: number): void {
    for (const detection of result.detections ?? []) this.#addDetection(detection, image, source, nowMs);
  }

  /** Tracks of the next session have the same numbers. */
  newSession(): void {
    this.#sessions += 1;
  }

  /** Updates the list and its relative times. */
  render(nowMs: number): void {
    const groups = this.#log.groups(nowMs);
    this.#empty.hidden = groups.length > 0;
    const ids = new Set(this.#log.recognitions.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
    const items = groups.flatMap(({ source, recognitions }) => [
      // With a single source, its name is in the controls.
      ...(groups.length > 1 ? [this.#headingOf(source)] : []),
      ...recognitions.flatMap((recognition) => this.#itemOf(recognition, nowMs)),
    ]);
    placeChildren(this.#list, items);
  }

  #headingOf(source: string): HTMLLIElement {
    const known = this.#headings.get(source);
    if (known !== undefined) return known;
    const heading = Object.assign(document.createElement('li'), { className: 'source-name', textContent: source });
    this.#headings.set(source, heading);
    return heading;
  }

  #itemOf(recognition: Recognition, nowMs: number): HTMLLIElement[] {
    const row = this.#rows.get(recognition.id);
    if (row === undefined) return [];
    write(row, recognition, nowMs);
    return [row.item];
  }

  #addDetection(detection: Detection, image: ImageBitmap, source: string, nowMs: number): void {
    const { text = '', text_score: score = 0, label } = detection;
    const track = textTrackOf(detection, this.#sessions);
    const update = this.#log.add({ text, score, label, source, ...(track === undefined ? {} : { track }) }, nowMs);
    if (update.type !== 'new' && update.type !== 'better') return;
    const { id } = update.recognition;
    const row = this.#rows.get(id) ?? createRow();
    this.#rows.set(id, row);
    drawCrop(image, detection, row.canvas);
  }
}

/** Moves only what is out of place: each move triggers layout. */
function placeChildren(list: HTMLElement, items: readonly HTMLElement[]): void {
  items.forEach((item, index) => {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
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
  const metaText = metaOf(recognition, nowMs);
  if (text.textContent !== recognition.text) text.textContent = recognition.text;
  text.title = titleOf(recognition);
  const isSettled = recognition.track?.isSettled;
  if (isSettled === undefined) delete text.dataset['settled'];
  else text.dataset['settled'] = String(isSettled);
  if (meta.textContent !== metaText) meta.textContent = metaText;
}

/** Undefined without a track. */
function textTrackOf(
  { track_id: id, text_reads: reads, text_settled: isSettled }: Detection,
  session: number,
): TextTrack | undefined {
  if (id === undefined) return undefined;
  return {
    ...{ session, id },
    ...(reads === undefined ? {} : { reads }),
    ...(isSettled === undefined ? {} : { isSettled }),
  };
}

/** The text, and whether it may still change. */
function titleOf({ text, track }: Recognition): string {
  if (track?.isSettled === undefined) return text;
  return `${text}: ${track.isSettled ? 'settled, further frames are unlikely to change it' : 'may still change'}`;
}

/** What is known about a text: its track, confidence, votes, and when it was last seen. */
export function metaOf({ score, lastSeenMs, track }: Recognition, nowMs: number): string {
  const { id, reads } = track ?? {};
  return [
    ...(id === undefined ? [] : [`#${id}`]),
    ...[`${Math.round(score * 100)} %`],
    ...(reads === undefined ? [] : [`${reads} ${reads === 1 ? 'read' : 'reads'}`]),
    formatAgo(nowMs - lastSeenMs),
  ].join(' · ');
}

/** Formats a relative time. */
export function formatAgo(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}
