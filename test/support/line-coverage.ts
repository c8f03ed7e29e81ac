/** Lines of a TypeScript source that run, from what V8 counts. Pure. */
import { stripTypeScriptTypes } from 'node:module';

/** Offsets into the source without its types, which V8 has seen; each range is within the one before it, or behind it. */
export interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
}

/** The source as it runs: types are blanks there, so that every line stays where it is. */
function withoutTypes(source: string): string {
  return stripTypeScriptTypes(source);
}

/** Numbers, from 1, of the lines with code: no blanks, comments, types, or brackets alone. */
export function codeLines(source: string): number[] {
  return linesOf(withoutTypes(source)).flatMap(({ text, number }) => (isCode(text) ? [number] : []));
}

/** A line of a comment begins with one of these, by this project's style. */
function isCode(text: string): boolean {
  const line = text.trim();
  return /[\p{L}\d]/u.test(line) && !/^(\/\/|\/\*|\*)/.test(line);
}

/** Numbers of the lines of which some word ran: V8 leaves the semicolon of a line that did not to what is around it. */
export function coveredLines(source: string, functions: readonly FunctionCoverage[]): number[] {
  const text = withoutTypes(source);
  const ran = new Uint8Array(text.length).fill(1);
  // Functions come in the order of the source, outer ones first, and the innermost range is the one that counts.
  const ranges = functions.flatMap((each) => each.ranges);
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return linesOf(text).flatMap(({ start, text: line, number }) => {
    const words = [...line.matchAll(/[\p{L}\d]+/gu)];
    return words.some(({ index }) => ran[start + index] === 1) ? [number] : [];
  });
}

function linesOf(text: string): { readonly text: string; readonly start: number; readonly number: number }[] {
  let start = 0;
  return text.split('\n').map((line, index) => {
    const at = start;
    start += line.length + 1;
    return { text: line, start: at, number: index + 1 };
  });
}
