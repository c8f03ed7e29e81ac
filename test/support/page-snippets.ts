/** Extracts code blocks from the docs, so that tests can run them. Tests only. */
import { readFileSync } from 'node:fs';

/** The fenced code blocks of a page in one language, in order. */
export function snippetsOf(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code as string);
}

/** @throws Error if `what` is not found, so that a page cannot diverge from its test. */
export function replaceIn(code: string, what: string, by: string): string {
  if (!code.includes(what)) throw new Error(`${what} not found in:\n${code}`);
  return code.replace(what, by);
}
