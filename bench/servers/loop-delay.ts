/** Preloaded into a server (`node --import`): tells, when it ends, how late its event loop was since the last SIGUSR2. */
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** The timer that is watched; a loop that is never late shows this much. */
const resolutionMs = 1;
const nanosecondsPerMillisecond = 1e6;

// What is preloaded runs in every thread; the loop that counts is the server's.
if (isMainThread) watch();

function watch(): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  const lateMs = (percent: number) =>
    Math.max(0, delay.percentile(percent) / nanosecondsPerMillisecond - resolutionMs).toFixed(2);
  delay.enable();
  process.on('SIGUSR2', () => delay.reset());
  process.once('exit', () => {
    writeSync(1, `loop delay p50 ${lateMs(50)} p99 ${lateMs(99)} max ${lateMs(100)}\n`);
  });
}
