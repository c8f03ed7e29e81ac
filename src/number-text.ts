/** Parses numbers in environment variables and flags, so that all of them accept the same text. Pure; imports nothing. */

/** The lower limit is included (`min`) or excluded (`above`). */
export type NumberRange = { readonly isWhole?: boolean } & (
  | { readonly min: number; readonly max: number }
  | { readonly above: number; readonly max?: number }
);

/** Digits with an optional fraction: no sign, no exponent, and none of JavaScript's other notations. */
const decimal = /^\d+(\.\d+)?$/;

/** @returns the number, or what it must be: a phrase to be put after the name of the setting. */
export function parseNumber(text: string, range: NumberRange): number | string {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  const isAboveMin = 'min' in range ? value >= range.min : value > range.above;
  if (!(isAboveMin && value <= (range.max ?? Number.MAX_VALUE))) return `must be a number ${describe(range)}`;
  return range.isWhole && !Number.isInteger(value) ? 'must be a whole number' : value;
}

function describe(range: NumberRange): string {
  if ('min' in range) return `from ${range.min} to ${range.max}`;
  return `above ${range.above}${range.max === undefined ? '' : ` and at most ${range.max}`}`;
}
