/** Targets of figures, and number formats. Pure. */

export type Format = (value: number) => string;

export interface Aim {
  /** Text in the table. */
  readonly text: string;
  readonly isMet: (value: number) => boolean;
  readonly format: Format;
}

const defaultDigits = 2;

export function digits(count: number): Format {
  return (value) => value.toFixed(count);
}

export function unit(name: string, count: number): Format {
  return (value) => `${value.toFixed(count)}${name}`;
}

export const seconds: Format = unit(' s', defaultDigits);

export function atLeast(bound: number, format: Format = digits(defaultDigits)): Aim {
  return { text: `≥ ${format(bound)}`, isMet: (value) => value >= bound, format };
}

export function atMost(bound: number, format: Format = digits(defaultDigits)): Aim {
  return { text: `≤ ${format(bound)}`, isMet: (value) => value <= bound, format };
}

export function above(bound: number, format: Format = digits(defaultDigits)): Aim {
  return { text: `> ${format(bound)}`, isMet: (value) => value > bound, format };
}
