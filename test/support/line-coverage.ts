/** Line coverage of a TypeScript source, from V8's coverage data. Pure. */
import { stripTypeScriptTypes } from 'node:module';

/** Offsets into the source without types, as run by V8. Each range is inside or after the previous one. */
export interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
}

/** Replaces types with blanks, so that line numbers stay the same. */
function withoutTypes(source: string): string {
  return stripTypeScriptTypes(source);
}

/** Line numbers, from 1, of lines with code: not blank, and not only comments, types or brackets. */
export function codeLines(source: string): number[] {
  return linesOf(withoutTypes(source)).flatMap(({ text, number }) => (isCode(text) ? [number] : []));
}

/** In this project's style, comment lines start with one of these. */
function isCode(text: string): boolean {
  const line = text.trim();
  return /[\p{L}\d]/u.test(line) && !/^(\/\/|\/\*|\*)/.test(line);
}

/** Line numbers with at least one covered word: V8 attributes the semicolon of an uncovered line to the enclosing range. */
export function coveredLines(source: string, functions: readonly FunctionCoverage[]): number[] {
  const text = withoutTypes(source);
  const ran = new Uint8Array(text.length).fill(1);
  // Functions are in source order, outer ones first; the innermost range wins.
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
