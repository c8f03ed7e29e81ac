/** Takes the code out of the pages for people, so that what they say is what runs. Tests only. */
import { readFileSync } from 'node:fs';

/** The fenced blocks of a page in one language, in their order. */
export function snippetsOf(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code as string);
}

/** @throws Error when there is nothing to replace, so that a page cannot drift away from its test. */
export function replaceIn(code: string, what: string, by: string): string {
  if (!code.includes(what)) throw new Error(`there is no ${what} in:\n${code}`);
  return code.replace(what, by);
}
