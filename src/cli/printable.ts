/** Sanitizes untrusted text for a terminal and measures its width in columns. Pure. */
import stringWidth from 'string-width';

/** Longer error messages of a gateway or camera are cut. */
const maxLineLength = 400;
const ellipsis = '…';
const segmenter = new Intl.Segmenter();

/**
 * Replaces control characters: escape sequences, bidirectional overrides, line breaks. The two joiners (U+200C, U+200D) stay: they only
 * connect letters and emoji.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\u200c\u200d]/gu, ' ');
}

/** As {@link printable}, cut to a readable length. */
export function printableLine(text: string): string {
  return cut(printable(text.slice(0, maxLineLength + 1)), maxLineLength);
}

/** Columns that printable text takes on a terminal: two for Chinese, Japanese and Korean characters and most emoji, none for accents. */
export const widthOf = (text: string): number => stringWidth(text);

/** The spaces that fill printable text up to `width` columns. */
export const paddingOf = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text)));

/**
 * Cuts printable text to at most `width` columns. An ellipsis takes the place of the end, or of the start. Code points that form one
 * character, such as a letter and its accent, stay together.
 */
export function cut(text: string, width: number, replaced: 'start' | 'end' = 'end'): string {
  if (widthOf(text) <= width) return text;
  const characters = Array.from(segmenter.segment(text), ({ segment }) => segment);
  if (replaced === 'start') characters.reverse();
  const kept: string[] = [];
  let left = width - ellipsis.length;
  for (const character of characters) {
    left -= widthOf(character);
    if (left < 0) break;
    kept.push(character);
  }
  return replaced === 'start' ? ellipsis + kept.reverse().join('') : kept.join('') + ellipsis;
}
