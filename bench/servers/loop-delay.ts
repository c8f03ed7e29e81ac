/** Preloaded into a server (`node --import`): tells, when it ends, how late its event loop was since the last SIGUSR2. */
import { writeSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The timer that is watched; a loop that is never late shows this much. */
const resolutionMs = 1;
const nanosecondsPerMillisecond = 1e6;

const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();
process.on('SIGUSR2', () => delay.reset());
process.once('exit', () => {
  const lateMs = (percent: number) =>
    Math.max(0, delay.percentile(percent) / nanosecondsPerMillisecond - resolutionMs).toFixed(2);
  writeSync(1, `loop delay p50 ${lateMs(50)} p99 ${lateMs(99)} max ${lateMs(100)}\n`);
});
