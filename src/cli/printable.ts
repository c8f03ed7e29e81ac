/** Sanitizes untrusted text for a terminal and measures its width in columns. Pure. */
import { eastAsianWidth } from 'get-east-asian-width';

/** Longer error messages of a gateway or camera are cut. */
const maxLineLength = 400;
const ellipsis = '…';

/** Replaces control characters: escape sequences, bidirectional overrides, line breaks. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, ' ');
}

/** As {@link printable}, cut to a readable length. */
export function printableLine(text: string): string {
  return cut(printable(text.slice(0, maxLineLength + 1)), maxLineLength);
}

/** Columns of printable text; Chinese, Japanese and Korean characters and most emoji take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  return width;
}

/** Cuts printable text to at most `width` columns, with an ellipsis at the end. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let left = width - ellipsis.length;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + ellipsis;
}

/** As {@link cut}, but keeps the end. */
export function cutStart(text: string, width: number): string {
  const characters = [...text];
  if (widthOf(text) <= width) return text;
  while (widthOf(characters.join('')) > width - ellipsis.length) characters.shift();
  return ellipsis + characters.join('');
}
