/** Checks options whose argument is a number. */
import { InvalidArgumentError } from 'commander';
import { type NumberRange, parseNumber } from '../number-text.ts';

/** A parser for the argument of an option. */
export function numberIn(range: NumberRange): (text: string) => number {
  return (text) => {
    const parsed = parseNumber(text, range);
    if (typeof parsed === 'string') throw new InvalidArgumentError(`It ${parsed}.`);
    return parsed;
  };
}
