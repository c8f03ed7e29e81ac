/** Scores a pipeline's results against ground truth. Pure. */

import type { Detection } from '../../src/protocol.ts';
import { percentile } from '../../src/statistics.ts';
import type { TrueObject } from './truth.ts';

/** One photograph's ground truth and result. */
export interface Answer {
  /** The part of its file name before the first hyphen; empty without one. */
  readonly group: string;
  /** Width of the photograph in pixels. */
  readonly width: number;
  readonly objects: readonly TrueObject[];
  readonly detections: readonly Detection[];
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** What is reported of all objects, of each group, and of each range of widths. */
export interface Part {
  readonly objects: number;
  /** Fraction of the objects matched by a detection with IoU 0.5 or more. */
  readonly recall50: number;
  /** Fraction of the objects whose text is exactly right (letters and digits only); missed objects count as wrong. */
  readonly text_exact: number;
  /** The same with O read as 0 and I as 1, which many plates draw alike. */
  readonly text_alike: number;
}

export interface Report extends Part {
  readonly photos: number;
  readonly empty_photos: number;
  /** Fraction of the detections matched to an object with IoU 0.5 or more. */
  readonly precision50: number;
  /** Area under the precision-recall curve (all points) of the detections above the pipeline's threshold. */
  readonly ap50: number;
  readonly false_per_empty_photo: number;
  /** Character error rate: edit distance divided by all true characters; a missed object counts as entirely wrong. */
  readonly cer: number;
  /** By the part of the file names before the first hyphen. Empty if no name has one. */
  readonly groups: Readonly<Record<string, Part>>;
  /** By the width of the objects, in pixels of a picture scaled to a width of 640. */
  readonly widths: Readonly<Record<string, Part>>;
  readonly stage_ms: Readonly<Record<string, { readonly median: number; readonly p95: number }>>;
}

const matchingIou = 0.5;
/** The width of the pictures that the detector of `yolo_ocr` sees. */
const scaledWidth = 640;
/** Where the ranges of widths begin. The first plates are too small to be read; the last ones fill the picture. */
const widthSteps = [0, 24, 32, 48, 64, 100, 200, 400] as const;

export function score(answers: readonly Answer[]): Report {
  const matched = answers.map(matchPhoto);
  const all = matched.flatMap((photo) => photo.ranked);
  const pairs = matched.flatMap(({ pairs: own }, index) =>
    own.map((pair) => ({ ...pair, ...placeOf(answers[index] as Answer, pair) })),
  );
  const hits = all.filter(({ object }) => object !== undefined).length;
  const objects = pairs.length;
  const empty = answers.filter((answer) => answer.objects.length === 0);
  const characters = sum(pairs.map(({ object }) => plain(object.text).length));
  return {
    photos: answers.length,
    empty_photos: empty.length,
    ...partOf(pairs),
    precision50: ratio(hits, all.length),
    ap50: averagePrecision(all, objects),
    false_per_empty_photo: ratio(sum(empty.map((answer) => answer.detections.length)), empty.length),
    cer: ratio(sum(pairs.map(({ object, found }) => editDistance(plain(object.text), plain(found?.text)))), characters),
    groups: partsBy(pairs.filter(({ group }) => group !== '').toSorted(byName), ({ group }) => group),
    widths: partsBy(
      pairs.toSorted((a, b) => a.width - b.width),
      ({ width }) => rangeOf(width),
    ),
    stage_ms: stagesOf(answers),
  };
}

type Pair = MatchedPhoto['pairs'][number];
type PlacedPair = Pair & { readonly group: string; readonly width: number };

function placeOf({ group, width }: Answer, { object }: Pair): { readonly group: string; readonly width: number } {
  return { group, width: (object.w / width) * scaledWidth };
}

function byName(a: PlacedPair, b: PlacedPair): number {
  return a.group.localeCompare(b.group);
}

function rangeOf(width: number): string {
  const index = widthSteps.findLastIndex((step) => width >= step);
  const next = widthSteps[index + 1];
  return next === undefined ? `from ${widthSteps[index]}` : `${widthSteps[index]} to ${next}`;
}

/** One part per name, in the order in which the names occur. */
function partsBy(pairs: readonly PlacedPair[], nameOf: (pair: PlacedPair) => string): Record<string, Part> {
  const names = [...new Set(pairs.map(nameOf))];
  return Object.fromEntries(names.map((name) => [name, partOf(pairs.filter((pair) => nameOf(pair) === name))]));
}

function partOf(pairs: readonly Pair[]): Part {
  const shareOf = (isIn: (pair: Pair) => boolean) => ratio(pairs.filter(isIn).length, pairs.length);
  return {
    objects: pairs.length,
    recall50: shareOf(({ found }) => found !== undefined),
    text_exact: shareOf(({ object, found }) => isTextCorrect(object, found)),
    text_alike: shareOf(({ object, found }) => alike(object.text) === alike(found?.text)),
  };
}

interface MatchedPhoto {
  /** Detections with their matched object, best score first. */
  readonly ranked: { readonly detection: Detection; readonly object: TrueObject | undefined }[];
  /** Objects with their matched detection. */
  readonly pairs: { readonly object: TrueObject; readonly found: Detection | undefined }[];
}

/** In score order, each detection is matched to the unmatched object that it overlaps most. */
export function matchPhoto({ objects, detections }: Pick<Answer, 'objects' | 'detections'>): MatchedPhoto {
  const found = new Map<TrueObject, Detection>();
  const ranked = detections
    .toSorted((a, b) => b.score - a.score)
    .map((detection) => {
      const open = objects.filter((object) => !found.has(object));
      const best = open.sort((a, b) => iou(b, detection) - iou(a, detection))[0];
      const object = best !== undefined && iou(best, detection) >= matchingIou ? best : undefined;
      if (object !== undefined) found.set(object, detection);
      return { detection, object };
    });
  return { ranked, pairs: objects.map((object) => ({ object, found: found.get(object) })) };
}

/** Whether a detection's text equals its object's; letters and digits only. */
export function isTextCorrect(object: TrueObject, found: Detection | undefined): boolean {
  return plain(object.text) === plain(found?.text);
}

type Box = Pick<TrueObject, 'x' | 'y' | 'w' | 'h'>;

/** Intersection over union of two boxes, 0 to 1. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.w * a.h + b.w * b.h - width * height);
}

/** Precision at each recall, made monotonic from the right, summed over the steps of recall (PASCAL VOC 2010 and later). */
function averagePrecision(detections: MatchedPhoto['ranked'], objects: number): number {
  const ranked = detections.toSorted((a, b) => b.detection.score - a.detection.score);
  let hits = 0;
  const precisions: number[] = [];
  for (const [index, { object }] of ranked.entries()) {
    if (object === undefined) continue;
    hits += 1;
    precisions.push(hits / (index + 1));
  }
  let best = 0;
  const envelope = precisions.reverse().map((precision) => {
    best = Math.max(best, precision);
    return best;
  });
  return ratio(sum(envelope), objects);
}

/** Letters and digits only, as plates are compared. */
function plain(text = ''): string {
  return text.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function alike(text?: string): string {
  return plain(text).replaceAll('O', '0').replaceAll('I', '1');
}

/** Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function stagesOf(answers: readonly Answer[]): Report['stage_ms'] {
  const stages = new Set(answers.flatMap((answer) => Object.keys(answer.timingsMs)));
  return Object.fromEntries(
    [...stages].map((stage) => {
      const values = answers.flatMap((answer) => answer.timingsMs[stage] ?? []).sort((a, b) => a - b);
      return [stage, { median: percentile(values, 0.5), p95: percentile(values, 0.95) }];
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
