/** One clock for the generators and the thread that merges what they counted. Any thread. */

/** Monotonic milliseconds since some moment that is the same for every thread; `performance.now()` starts anew in each. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
