/** One clock for the generators and the thread that merges their counts. Any thread. */

/** Monotonic milliseconds with the same origin in every thread; `performance.now()` starts at zero in each. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
