/** A monotonic clock that a test moves forward, as if the process had been suspended. Tests only. */
import type { Test } from 'tap';

/** @returns a function that lets this many milliseconds pass at once. */
export function skewedClock(t: Test): (ms: number) => void {
  const now = performance.now.bind(performance);
  let skewMs = 0;
  performance.now = () => now() + skewMs;
  t.teardown(() => {
    performance.now = now;
  });
  return (ms) => {
    skewMs += ms;
  };
}
