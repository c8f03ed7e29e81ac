/** When a target that is away is tried again. Pure. */

/** About the time that a service needs to restart. It doubles with each failure, up to the maximum. */
const minRetryMs = 1000;
const maxRetryMs = 60_000;
/** However long a receiver asks to wait. */
const maxRetryAfterMs = 3_600_000;

/**
 * Delay before the next attempt.
 * @param failures in a row, 1 or more.
 * @param random 0 to 1: bridges that lost the same target must not all return at once.
 */
export function retryDelayMs(failures: number, random: number): number {
  const maxMs = Math.min(maxRetryMs, minRetryMs * 2 ** Math.min(failures - 1, 30));
  return Math.round((maxMs * (1 + random)) / 2);
}

/**
 * The delay that a `Retry-After` header asks for: seconds, or an HTTP date (RFC 9110, section 10.2.3).
 * @returns undefined if it asks for none, or cannot be read.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Math.min(maxRetryAfterMs, Number(text) * 1000);
  // A date has letters: `Date.parse` would take other numbers for years.
  const atMs = /^[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.min(maxRetryAfterMs, Math.max(0, atMs - nowMs));
}
