/** `npm run bench:engine`: batches across cameras on a simulated device, and what the engine costs by itself. */
import { Command, Option } from 'commander';
import { numberIn } from '../src/cli/number-option.ts';
import { defaultFrameSize, renderFrames } from '../test/support/samples/street-frames.ts';
import { measureCost } from './engine/cost.ts';
import { runFleet } from './engine/fleet.ts';
import { pipelineId, startSimulatedPool } from './engine/simulated-pool.ts';

interface Flags {
  readonly only?: 'fleet' | 'cost';
  readonly cameras: number;
  readonly fps: number;
  readonly workers: string;
  readonly seconds: number;
  readonly baseMs: number;
  readonly rowMs: number;
}

const positive = numberIn({ above: 0 });
const flags = new Command('npm run bench:engine --')
  .description('A device that takes a fixed time per batch and a time per frame, in place of an accelerator.')
  .addOption(new Option('--only <part>', 'one part').choices(['fleet', 'cost']))
  .option('--cameras <n>', 'cameras', positive, 64)
  .option('--fps <n>', 'frames per second and camera', positive, 10)
  .option('--workers <list>', 'numbers of worker threads', '8')
  .option('--seconds <n>', 'length of a measurement', positive, 10)
  .option('--base-ms <ms>', 'time of a batch', positive, 2)
  .option('--row-ms <ms>', 'time of each frame in it', positive, 0.5)
  .parse()
  .opts<Flags>();

/** As for a model without `max_batch`. */
const maxBatch = 8;
const msPerSecond = 1000;

if (flags.only !== 'cost') await showFleets();
if (flags.only !== 'fleet') await showCosts();

async function showFleets(): Promise<void> {
  const { baseMs, rowMs, cameras, fps, seconds } = flags;
  const frames = renderFrames(defaultFrameSize);
  const batchMs = baseMs + rowMs * maxBatch;
  console.log(`device: ${baseMs} ms + ${rowMs} ms per frame; ${cameras} cameras x ${fps} fps, frames of 640x480`);
  for (const workers of flags.workers.split(',').map(Number)) {
    // Half of the frames under way run while the other half is prepared.
    const rows = Math.min(maxBatch, Math.max(1, workers / 2));
    const best = Math.min(cameras * fps, (rows / (baseMs + rowMs * rows)) * msPerSecond);
    const { pool, engines, stop } = await startSimulatedPool(workers, {
      ...{ baseMs, rowMs, type: 'uint8', dims: ['batch', 480, 640, 3] },
    });
    await runFleet(pool, { cameras, fps, seconds: 2, pipelineId, frames });
    const before = engines.status()[0];
    const cpuBefore = process.cpuUsage();
    const report = await runFleet(pool, { cameras, fps, seconds, pipelineId, frames });
    const { user, system } = process.cpuUsage(cpuBefore);
    const after = engines.status()[0];
    await stop();
    const batches = (after?.batches ?? 0) - (before?.batches ?? 0);
    const perBatch = ((after?.rows ?? 0) - (before?.rows ?? 0)) / batches;
    const busy = ((after?.busy_ms ?? 0) - (before?.busy_ms ?? 0)) / (seconds * msPerSecond);
    const rate = report.results / seconds;
    console.log(
      [
        `  ${workers} workers: ${rate.toFixed(0)} results/s (${(rate / best).toFixed(3)} of ${best.toFixed(0)})`,
        `p50 ${report.p50Ms.toFixed(1)} ms, p99 ${report.p99Ms.toFixed(1)} ms (${(report.p99Ms / batchMs).toFixed(1)} full batches)`,
        `${perBatch.toFixed(1)} frames per batch, device busy ${(100 * busy).toFixed(0)} %`,
        `${((user + system) / report.results).toFixed(0)} µs CPU per frame`,
      ].join('; '),
    );
  }
}

async function showCosts(): Promise<void> {
  console.log('cost of the engine per frame of 640x480x3 bytes, with a device that takes no time');
  for (const concurrency of [1, 4, 8]) {
    const { withEngineUs, writeUs, rowsPerBatch } = await measureCost(concurrency, 10, 4000);
    const own = withEngineUs - writeUs;
    console.log(
      `  ${concurrency} at once: ${own.toFixed(0)} µs more than the ${writeUs.toFixed(0)} µs of writing it; ${rowsPerBatch.toFixed(1)} frames per batch`,
    );
  }
}
