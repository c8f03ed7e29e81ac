/** `npm run bench:scale`: simulates many cameras, gateways, and hosts with the gateway's own scheduler, and the loss of a zone. */
import { Command, InvalidArgumentError } from 'commander';
import { headingOf, rowOf, rowsOf } from './scale-simulation/report.ts';
import { defaultScene, type Scene } from './scale-simulation/scene.ts';
import { simulateScale } from './scale-simulation/simulation.ts';

/**
 * In pairs: hosts for a load of 80 %, then for 80 % while one of three zones is lost. Gateways for about 7,000 frames per second each, of
 * all or of those that are left. The last scene has twice the frames that its hosts can run.
 */
const standardScenes: readonly Partial<Scene>[] = [
  { cameras: 500, fps: 5, gateways: 3, hosts: 8, isZoneLost: true },
  { cameras: 500, fps: 5, gateways: 3, hosts: 12, isZoneLost: true },
  { cameras: 10_000, fps: 10, gateways: 15, hosts: 312, isZoneLost: true },
  { cameras: 10_000, fps: 10, gateways: 21, hosts: 468, isZoneLost: true },
  { cameras: 100_000, fps: 1, gateways: 15, hosts: 312, isZoneLost: true },
  { cameras: 100_000, fps: 1, gateways: 21, hosts: 468, isZoneLost: true },
  { cameras: 100_000, fps: 1, gateways: 15, hosts: 125 },
];

const sessionCounts = [100, 1000, 10_000, 100_000];
const growthServiceMs = 40;
/** Enough for a stable mean, also with few sessions. */
const minGrowthFrames = 100_000;
const hostWorkers = 8;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('must be above 0');
  return value;
}

function count(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('must be a whole number');
  return value;
}

function countOrNone(text: string): number {
  return text === '0' ? 0 : count(text);
}

const flags = new Command('npm run bench:scale --')
  .description(
    'Simulates cameras, gateways, and worker hosts with the scheduler of the gateway. Without options, runs the standard scenes, which takes some minutes.',
  )
  .option('--cameras <n>', 'cameras; simulates one scene with the other options', count)
  .option('--fps <rate>', 'frames per second of each camera', positive, defaultScene.fps)
  .option('--gateways <n>', 'gateways', count, defaultScene.gateways)
  .option('--hosts <n>', 'worker hosts', count, defaultScene.hosts)
  .option('--workers <n>', 'workers of each host', count, defaultScene.workers)
  .option('--waiting <n>', 'frames that may wait at each host', countOrNone, defaultScene.waiting)
  .option('--service <ms>', 'mean time of a frame on a worker', positive, defaultScene.serviceMs)
  .option(
    '--deviation <part>',
    'its standard deviation, as a part of the mean',
    positive,
    defaultScene.serviceDeviation,
  )
  .option('--round-trip <ms>', 'mean round trip between gateway and host', positive, defaultScene.roundTripMs)
  .option('--seconds <s>', 'length of each phase', positive, defaultScene.phaseMs / 1000)
  .option('--zone-loss', 'lose one of three zones, and get it back', false)
  .option('--growth', 'only measure how the time of the scheduler grows with the number of sessions', false)
  .parse()
  .opts<Flags>();

interface Flags extends Pick<Scene, 'fps' | 'gateways' | 'hosts' | 'workers' | 'waiting'> {
  readonly cameras?: number;
  readonly service: number;
  readonly deviation: number;
  readonly roundTrip: number;
  readonly seconds: number;
  readonly zoneLoss: boolean;
  readonly growth: boolean;
}

function run(part: Partial<Scene>): void {
  const scene = { ...defaultScene, ...part };
  process.stdout.write(rowsOf(scene, simulateScale(scene)));
}

/** One gateway with all sessions: its scheduler sees one executor with all workers, or one per eight workers. */
function measureGrowth(): void {
  // The first run compiles the code.
  simulateScale(defaultScene);
  const loads = [0.8, 2];
  const names = loads.flatMap((load) => [`load ${load}, one executor, µs`, `load ${load}, eight workers each, µs`]);
  process.stdout.write(headingOf(['sessions', ...names]));
  for (const cameras of sessionCounts) {
    const times = loads.flatMap((load) => {
      const workers = Math.round((cameras * growthServiceMs) / 1000 / load);
      const phaseMs = Math.max(defaultScene.settleMs, (1000 * minGrowthFrames) / cameras);
      const scene = { ...defaultScene, cameras, gateways: 1, serviceMs: growthServiceMs, phaseMs };
      return [
        simulateScale({ ...scene, hosts: 1, workers }),
        simulateScale({ ...scene, hosts: Math.ceil(workers / hostWorkers), workers: Math.min(workers, hostWorkers) }),
      ].map(({ microsecondsPerFrame }) => microsecondsPerFrame.toFixed(1));
    });
    process.stdout.write(rowOf([cameras, ...times]));
  }
}

const { cameras, service, deviation, roundTrip, seconds, zoneLoss, growth, ...counts } = flags;
if (growth) measureGrowth();
else {
  process.stdout.write(headingOf());
  if (cameras === undefined) for (const scene of standardScenes) run(scene);
  else {
    run({
      ...{ ...counts, cameras, serviceMs: service, serviceDeviation: deviation },
      ...{ roundTripMs: roundTrip, phaseMs: 1000 * seconds, isZoneLost: zoneLoss },
    });
  }
  if (cameras === undefined) {
    process.stdout.write('\n');
    measureGrowth();
  }
}
