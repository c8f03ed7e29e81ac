/** Reads values that may have any shape, because a custom tool has made them. Pure. */
import type { Point } from '../client/index.ts';

export type Unchecked = Readonly<Record<string, unknown>>;

export function isNumber(given: unknown): given is number {
  return Number.isFinite(given);
}

export function isRecord(given: unknown): given is Unchecked {
  return typeof given === 'object' && given !== null;
}

export function isPoint(given: unknown): given is Point {
  return Array.isArray(given) && isNumber(given[0]) && isNumber(given[1]);
}

export function numberOf(given: unknown): number | undefined {
  return isNumber(given) ? given : undefined;
}

export function textOf(given: unknown): string | undefined {
  return typeof given === 'string' ? given : undefined;
}

export function booleanOf(given: unknown): boolean | undefined {
  return typeof given === 'boolean' ? given : undefined;
}

export function listOf(given: unknown): readonly unknown[] | undefined {
  return Array.isArray(given) ? given : undefined;
}

/** An object with the key, or without it if there is no value. */
export function kept<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
