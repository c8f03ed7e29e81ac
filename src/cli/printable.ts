/** Makes text from outside fit for a terminal, which it must not steer, and measures it as a terminal does. Pure. */
import { eastAsianWidth } from 'get-east-asian-width';

/** A gateway's or camera's complaint that is longer than this explains nothing more. */
const maxLineLength = 400;
const ellipsis = '…';

/** One line without control characters: those of escape sequences, those that reverse a line, line breaks. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, ' ');
}

/** As {@link printable}, and no longer than a line that somebody would read. */
export function printableLine(text: string): string {
  return cut(printable(text.slice(0, maxLineLength + 1)), maxLineLength);
}

/** Columns that printable text takes; Chinese, Japanese and Korean characters and most emoji take two each. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  return width;
}

/** Printable text in no more columns than `width`, with an ellipsis where something is missing. */
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

/** As {@link cut}, but it is the end that is kept. */
export function cutStart(text: string, width: number): string {
  const characters = [...text];
  if (widthOf(text) <= width) return text;
  while (widthOf(characters.join('')) > width - ellipsis.length) characters.shift();
  return ellipsis + characters.join('');
}
