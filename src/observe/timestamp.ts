/** The wall clock, for what people and other systems read. Durations use the monotonic clock, which never jumps. Main thread. */

/** The current Unix time in milliseconds. */
export function unixMs(): number {
  return Date.now();
}

/** The current time as ISO 8601 in UTC, with milliseconds. */
export function timestamp(): string {
  return new Date().toISOString();
}
