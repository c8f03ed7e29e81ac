/** Times in a token file, on the wall clock, since people set them. Pure but for the clock. */
import { ConfigError } from '../errors.ts';

const msPerDay = 86_400_000;

export function hasExpired(expires: string): boolean {
  return Date.parse(expires) <= Date.now();
}

/**
 * @param text a number of days such as `90d`, or a date.
 * @throws ConfigError for anything else.
 */
export function parseExpiry(text: string): string {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const atMs = days === undefined ? Date.parse(text) : Date.now() + Number(days) * msPerDay;
  if (!Number.isFinite(atMs))
    throw new ConfigError([`--expires "${text}" is neither a number of days, such as 90d, nor a date`]);
  return new Date(atMs).toISOString();
}
