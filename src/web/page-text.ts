/** Results of pages: many lines of text instead of objects. Pure. */
import type { Detection, FrameResult } from '../client/index.ts';
import { minScore } from './text-log.ts';

/** Labels that the text detector and Tesseract give to lines. */
const lineLabels: ReadonlySet<string> = new Set(['line', 'text']);

/** Whether a result is that of a page: it has a text of its own, or all its detections are lines of text. */
export function isPage({ text, detections = [] }: FrameResult): boolean {
  return text !== undefined || (detections.length > 0 && detections.every(({ label }) => lineLabels.has(label)));
}

/** The lines of a page that were recognized with confidence. Others are guesses at marks that are not text. */
export function confidentLines({ detections = [] }: FrameResult): Detection[] {
  return detections.filter(({ text, text_score: score = 0 }) => text !== undefined && score >= minScore);
}

/** The text of a page, one line per row; empty if nothing was recognized with confidence. */
export function pageTextOf(result: FrameResult): string {
  const { detections, text, text_score: score = 0 } = result;
  if (detections === undefined) return text !== undefined && score >= minScore ? text.trim() : '';
  return confidentLines(result)
    .map((line) => line.text)
    .join('\n');
}
