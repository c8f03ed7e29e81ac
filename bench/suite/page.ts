/** The suite's outcome as a page for people, with its plots. Pure. */
import { figuresOf, perCpuSecond } from './figures.ts';
import { type Bar, barChart } from './plot.ts';
import type { SuiteOutcome, SuiteRun } from './scenarios.ts';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly commit: string;
}

export interface Page {
  readonly markdown: string;
  /** SVG by file name. */
  readonly plots: Readonly<Record<string, string>>;
}

export function pageOf(outcome: SuiteOutcome, machine: Machine, seconds: number): Page {
  const peers = outcome.runs.filter(({ id }) => id === 'peers');
  const overload = outcome.runs.find(({ id, server }) => id === 'overload' && server === 'gateway');
  const firstCome = outcome.runs.find(({ id, server }) => id === 'overload' && server === 'first-come');
  const plots = {
    'peers-results.svg': barChart(
      'Results per second, 8 cameras × 15 fps',
      peers.map((run) => barOf(run, run.report.per_second.results, '')),
    ),
    'peers-latency.svg': barChart(
      'p99 latency, 8 cameras × 15 fps',
      peers.map((run) => barOf(run, run.report.latency_ms.p99 ?? 0, ' ms')),
    ),
    'peers-cpu.svg': barChart(
      'Results per CPU-second, 8 cameras × 15 fps',
      peers.map((run) => barOf(run, perCpuSecond(run.report) ?? 0, '')),
    ),
    'fair-shares.svg': barChart('Results of 16 phase-locked cameras at 4× overload', [
      ...sharesOf(overload, true),
      ...sharesOf(firstCome, false),
    ]),
  };
  return { markdown: markdownOf(outcome, machine, seconds, Object.keys(plots)), plots };
}

function barOf({ server }: SuiteRun, value: number, unit: string): Bar {
  const text = `${value >= 100 ? Math.round(value) : value.toFixed(1)}${unit}`;
  return { label: server, value, text, isOurs: server === 'gateway' };
}

function sharesOf(run: SuiteRun | undefined, isOurs: boolean): Bar[] {
  const cameras = [...(run?.report.per_camera ?? [])].sort((a, b) => a.results - b.results);
  const quarters = [0, 1, 2, 3].map((quarter) =>
    cameras.slice((quarter * cameras.length) / 4, ((quarter + 1) * cameras.length) / 4),
  );
  const names = ['least served four', 'next four', 'next four', 'best served four'];
  return quarters.map((part, index) => {
    const results = part.reduce((sum, camera) => sum + camera.results, 0);
    return {
      label: `${isOurs ? 'gateway' : 'first come'}: ${names[index]}`,
      value: results,
      text: String(results),
      isOurs,
    };
  });
}

function markdownOf(outcome: SuiteOutcome, machine: Machine, seconds: number, plots: readonly string[]): string {
  const { ceiling, runs, skipped } = outcome;
  const left = Object.entries(skipped).map(([name, reason]) => `- \`${name}\` was left out: ${reason}`);
  return [
    '# Benchmarks',
    '',
    `Written by \`make bench\` on ${machine.date}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}; ${seconds} s a run.`,
    'Cameras and server share the cores, so absolute figures are low and ratios count. `docs/BENCH.md` says what each line means.',
    '',
    `Ceiling (the pipeline in bare loops, one for each core at once): **${ceiling.frames_per_cpu_second.toFixed(1)} frames per CPU-second**, ${ceiling.cpu_ms_per_frame.toFixed(1)} ms a frame.`,
    '',
    '| figure | aim | seen |',
    '|---|---|---|',
    ...figuresOf(outcome).map(({ what, aim, seen }) => `| ${what} | ${aim} | ${seen} |`),
    '',
    ...left,
    ...(left.length > 0 ? [''] : []),
    ...plots.map((plot) => `![${plot.replace('.svg', '')}](plots/${plot})`),
    '',
    '| run | server | load | results/s | dropped/s | p50 ms | p99 ms | Jain | results per CPU-s | loop delay p99 ms |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...runs.map(rowOf),
    '',
  ].join('\n');
}

function rowOf({ id, server, flags, report, loopDelayMs }: SuiteRun): string {
  const cells = [
    id,
    server,
    `\`${flags.join(' ')}\``,
    report.per_second.results,
    report.per_second.dropped,
    report.latency_ms.p50 ?? '–',
    report.latency_ms.p99 ?? '–',
    report.jain ?? '–',
    perCpuSecond(report)?.toFixed(1) ?? '–',
    loopDelayMs?.p99 ?? '–',
  ];
  return `| ${cells.join(' | ')} |`;
}
