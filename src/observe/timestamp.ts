/** The wall clock, for what people read. Durations use the monotonic clock, which never jumps. Main thread. */

/** The current time as ISO 8601 in UTC, with milliseconds. */
export function timestamp(): string {
  return new Date().toISOString();
}
