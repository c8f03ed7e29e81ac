/** `npm run soak`: runs a gateway for minutes or hours, at saturation or with injected failures. Memory and handles must not grow, and every frame must be accounted for. */
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
  .description('Keeps a gateway under load and reports its memory and handles. Linux only, after `npm run build`.')
  .option('-m, --minutes <n>', 'duration in minutes', number, 30)
  .option('--hours <n>', 'duration in hours, instead of --minutes', number)
  .option('--cameras <list>', 'as in framegate bench; with --failures COUNT@FPS (default: 8@30, with --failures 32@2)')
  .option('--settle <n>', 'without --failures: minutes before growth is measured', number, 5)
  .option('--failures', 'inject failures one by one while cameras run, which must not be affected')
  .addOption(new Option('--faults', 'deprecated name of --failures').hideHelp())
  .option(
    '--thread-deaths',
    'measure the cost of a tool that ends its thread every 5 s: --minutes without and as many with',
  )
  .option('--seed <n>', 'with --failures: seed of the order and of the random bytes', number, newSeed())
  .option(
    '--every <seconds>',
    'with --failures or --thread-deaths: interval between two of them (default: 10, for thread deaths 5)',
    number,
  )
  .option('--quiet <minutes>', 'with --failures: interval between two quiet points', number, 2)
  .option('--only <names>', 'with --failures: only these, separated by commas')
  .option('--out <file>', 'with --failures: write one JSON line per failure, problem and quiet point')
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
