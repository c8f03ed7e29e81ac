/** Preloaded into a server (`node --import`): prints at exit how late its event loop was since the last SIGUSR2. */
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Interval of the measured timer; a loop that is never late shows this value. */
const resolutionMs = 1;
const nanosecondsPerMillisecond = 1e6;

// Preloaded modules run in every thread; only the server's loop is measured.
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
