/** `npm run soak`: a gateway for minutes or hours, at saturation or with injected failures; memory and handles must not grow, and no index gets lost. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { summaryText } from './soak/report.ts';
import { soakAtSaturation } from './soak/saturation.ts';
import { measureThreadDeaths, threadDeathText } from './soak/thread-deaths.ts';
import { soakWithFailures } from './soak/with-failures.ts';

interface Flags {
  readonly minutes: number;
  readonly hours?: number;
  readonly failures?: boolean;
  readonly faults?: boolean;
  readonly threadDeaths?: boolean;
  readonly settle: number;
  readonly cameras?: string;
  readonly seed: number;
  readonly every?: number;
  readonly quiet: number;
  readonly only?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const minutesPerHour = 60;
const maxSeed = 2 ** 31;

const flags = new Command('npm run soak --')
  .description('Keeps a gateway of its own under load and tells what it holds. Linux only, after `npm run build`.')
  .option('-m, --minutes <n>', 'how long', number, 30)
  .option('--hours <n>', 'how long, instead of --minutes', number)
  .option('--cameras <list>', 'as for framegate bench; with --failures COUNT@FPS (default: 8@30, with --failures 32@2)')
  .option('--settle <n>', 'without --failures: minutes before growth counts', number, 5)
  .option('--failures', 'inject one failure after another next to cameras that must not notice')
  .addOption(new Option('--faults', 'deprecated name of --failures').hideHelp())
  .option('--thread-deaths', 'what it costs that a tool ends its thread every 5 s: --minutes without, as many with')
  .option('--seed <n>', 'with --failures: another seed gives another order and other bytes', number, newSeed())
  .option(
    '--every <seconds>',
    'with --failures or --thread-deaths: from one to the next (default: 10, of deaths 5)',
    number,
  )
  .option('--quiet <minutes>', 'with --failures: from one quiet point to the next', number, 2)
  .option('--only <names>', 'with --failures: these alone, separated by commas')
  .option('--out <file>', 'with --failures: one JSON line per failure, problem, and quiet point, as they happen')
  .option('--json', 'print one JSON object')
  .parse()
  .opts<Flags>();

const minutes = flags.hours === undefined ? flags.minutes : flags.hours * minutesPerHour;
const print = (line: string) => {
  if (!flags.json) process.stdout.write(`${line}\n`);
};
if (flags.faults) process.stderr.write('soak: --faults is deprecated; use --failures\n');
if (flags.failures || flags.faults) await runWithFailures();
else if (flags.threadDeaths) await runThreadDeaths();
else await soakAtSaturation({ ...flags, minutes: Math.ceil(minutes), cameras: flags.cameras ?? '8@30' });

async function runWithFailures(): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const summary = await soakWithFailures({
    minutes,
    ...parseCameras(flags.cameras ?? '32@2'),
    seed: flags.seed,
    failureEverySeconds: flags.every ?? 10,
    quietEveryMinutes: flags.quiet,
    only: flags.only?.split(',') ?? [],
    out: flags.out,
    print,
    signal: stop.signal,
  });
  process.stdout.write(`${flags.json ? JSON.stringify(summary) : summaryText(summary)}\n`);
  if (summary.problems.length > 0) process.exitCode = 1;
}

async function runThreadDeaths(): Promise<void> {
  const summary = await measureThreadDeaths({
    minutes,
    ...parseCameras(flags.cameras ?? '8@30'),
    everySeconds: flags.every ?? 5,
    print,
  });
  process.stdout.write(`${flags.json ? JSON.stringify(summary) : threadDeathText(summary)}\n`);
  if (summary.problems.length > 0) process.exitCode = 1;
}

function parseCameras(text: string): { cameras: number; fps: number } {
  const [, cameras, fps] = /^(\d+)@([\d.]+)$/.exec(text) ?? [];
  if (cameras === undefined) throw new InvalidArgumentError('--cameras must be COUNT@FPS.');
  return { cameras: Number(cameras), fps: Number(fps) };
}

function newSeed(): number {
  return Math.floor(Math.random() * maxSeed);
}

function number(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
