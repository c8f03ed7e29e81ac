/** The schema for numbers in environment variables and flags. Pure. */
import { z } from 'zod';
import { type NumberRange, parseNumber } from './number-text.ts';

/** Text that {@link parseNumber} accepts. */
export function numberIn(range: NumberRange) {
  return z.string().transform((text, context) => {
    const parsed = parseNumber(text, range);
    if (typeof parsed === 'number') return parsed;
    context.addIssue(parsed);
    return z.NEVER;
  });
}
