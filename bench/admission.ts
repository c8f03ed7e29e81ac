/** `npm run bench:admission`: simulates the gateway's own scheduler under many kinds of load, with and without holding. */
import { Command } from 'commander';
import {
  camerasOf,
  quantile,
  type SimulatedCamera,
  simulate,
  staggered,
} from '../test/support/admission-simulation.ts';

const loads: Readonly<Record<string, SimulatedCamera[]>> = {
  '8x15 staggered': staggered(8, 15),
  '8x15 aligned': camerasOf(8, 15),
  '4x15 aligned': camerasOf(4, 15),
  '16x5 aligned': camerasOf(16, 5),
  '32x2 aligned': camerasOf(32, 2),
  '100x1 aligned': camerasOf(100, 1),
  '8x30 staggered': staggered(8, 30),
  '16x25 staggered': staggered(16, 25),
  '16x25 aligned': camerasOf(16, 25),
  '256x10 staggered': staggered(256, 10),
  '256x2 aligned': camerasOf(256, 2),
  '4@30 with 4@3': [...staggered(4, 30), ...staggered(4, 3)],
  '16x15 drifting': camerasOf(16, 15).map((camera, index) => ({ ...camera, fps: 15 + index / 15 })),
  '16x15 jittering by 30 ms': staggered(16, 15, { jitterMs: 30 }),
  '16x20 in bursts of three': staggered(16, 20, { burst: 3, jitterMs: 20 }),
  'one at 200': camerasOf(1, 200),
};

const settleMs = 5000;

const flags = new Command('npm run bench:admission --')
  .description('Simulates cameras with the scheduler of the gateway and prints results, latency and fairness.')
  .option('--workers <n>', 'workers', Number, 2)
  .option('--service <ms>', 'service time of a frame', Number, 15)
  .option('--wait <ms>', 'maximum hold, compared with no hold', Number, 1000)
  .option('--seconds <s>', 'length of each run', Number, 60)
  .parse()
  .opts<{ workers: number; service: number; wait: number; seconds: number }>();

const seconds = flags.seconds - settleMs / 1000;
process.stdout.write('| load | maximum hold, ms | offered/s | results/s | p50, ms | p99, ms | workers busy | Jain |\n');
process.stdout.write('|---|---|---|---|---|---|---|---|\n');
for (const [name, cameras] of Object.entries(loads)) {
  for (const maxWaitMs of [flags.wait, 0]) {
    const { offered, served, latenciesMs, busy, jain } = simulate({
      ...{ cameras, maxWaitMs, settleMs, workers: flags.workers },
      ...{ serviceMs: flags.service, durationMs: 1000 * flags.seconds },
    });
    const times = [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)].map((ms) => ms.toFixed(1));
    const rates = [offered, served].map((count) => (count / seconds).toFixed(1));
    const cells = [name, maxWaitMs, ...rates, ...times, busy.toFixed(2), jain.toFixed(3)];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}
