/** The suite's results as a page, with its plots. Pure. */
import { cellIds, gateway } from './cells.ts';
import { type Figure, figuresOf } from './figures.ts';
import { type Bar, barChart } from './plot.ts';
import { type Measure, medianOf, offeredShare, perCpuSecond, perSecond } from './rounds.ts';
import type { Outcome } from './runner.ts';
import type { Sample } from './sample.ts';

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

/** How it was run. */
export interface Settings {
  readonly seconds: number;
  readonly runs: number;
}

const notMeasured = 'not measured';
const none = '–';
const percent = 100;
const bytesPerMegabyte = 1e6;

const p50: Measure = ({ p50Ms }) => p50Ms;
const p99: Measure = ({ p99Ms }) => p99Ms;
const service: Measure = ({ serviceMs }) => serviceMs;

export function pageOf({ samples, skipped }: Outcome, machine: Machine, { seconds, runs }: Settings): Page {
  const plots = plotsOf(samples);
  const left = Object.entries(skipped).map(([name, reason]) => `- ${name} was skipped: ${reason}`);
  const markdown = [
    '# Benchmark results',
    '',
    `Written by \`make bench\` on ${machine.date}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, commit ${machine.commit}; ${seconds} s per run.`,
    'Cameras and server share the cores, so compare the ratios rather than the absolute figures. [Benchmarking](benchmarking.md#benchmark-suite) explains the method.',
    '',
    '## Figures',
    '',
    `Each load runs in ${runs} rounds. In each round, the servers take turns. Ratios compare runs of the same round; *measured* is the median of the rounds.`,
    '`8 × 15` stands for eight cameras at 15 frames per second: *staggered* (spaced evenly over the interval) or *aligned* (all at the same instant).',
    '',
    '| figure | target | measured | range | met |',
    '|---|---|---|---|---|',
    ...figuresOf(samples).map(figureRow),
    '',
    ...left,
    ...(left.length > 0 ? [''] : []),
    ...holdingOf(samples),
    '## Charts',
    '',
    'Medians of the rounds, for two of the loads. The dark bar, *gateway*, is framegate.',
    '',
    ...Object.entries(titles).map(([plot, title]) => `![${title}](../plots/${plot})`),
    '',
    '## Runs',
    '',
    'Medians of the rounds. *service* is the median time in the pipeline, as the results report it. Results count until the drain timeout ends.',
    'A server with a queue uses that time to catch up, so its rate here can be higher than it could sustain.',
    '',
    '| name | server | load | results/s | dropped/s | p50 ms | p99 ms | service ms | Jain | results per CPU-s | resident MB |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...runRows(samples),
    '',
  ].join('\n');
  return { markdown, plots };
}

function figureRow({ what, aim, seen }: Figure): string {
  if (seen === undefined) return `| ${what} | ${aim.text} | ${notMeasured} | ${none} | ${none} |`;
  const { median, lowest, highest } = seen;
  const range = `${aim.format(lowest)} to ${aim.format(highest)}`;
  return `| ${what} | ${aim.text} | ${aim.format(median)} | ${range} | ${aim.isMet(median) ? 'yes' : 'no'} |`;
}

/** What holding does to aligned cameras, in words. */
function holdingOf(samples: readonly Sample[]): string[] {
  const place = { cell: cellIds.aligned('8@15'), server: gateway.label };
  const seen = (of: Measure, factor = 1) => {
    const value = medianOf(samples, place, of);
    return value === undefined ? notMeasured : (value * factor).toFixed(1);
  };
  return [
    '## Effect of holding frames',
    '',
    'If no worker is free when a frame arrives, the frame is held. A session holds one frame, its newest. The hold ends when the session’s next frame is',
    'due, or after `STREAM_MAX_WAIT_MS`. If no worker is free by then, the frame is dropped. [Admission](../internals/admission.md#benefits-and-costs-of-holding) describes the tradeoff.',
    '',
    '- **More results.** If all cameras send at the same instant, two workers can start two of the frames. Without holding, the others would be',
    `  dropped. With holding, ${seen(offeredShare, percent)} % of the frames of 8 × 15 aligned get results.`,
    '- **Higher latency.** The time in which a frame is held adds to its latency. For 8 × 15 aligned, the pipeline takes',
    `  ${seen(service)} ms per frame, and results arrive after ${seen(p50)} ms (p50) and ${seen(p99)} ms (p99). The wait is bounded: a newer frame`,
    '  replaces the held one, so above capacity frames are dropped and latency does not keep growing.',
    '- `STREAM_MAX_WAIT_MS=0` turns holding off: latency is as low as possible, and a frame is dropped if no worker is free when it arrives.',
    '',
  ];
}

/** File → title. */
const titles = {
  'aligned-results.svg': 'Frames with results, 8 aligned cameras × 15 fps',
  'aligned-latency.svg': 'p99 latency, 8 aligned cameras × 15 fps',
  'heavy-results.svg': 'Results per second, 8 cameras × 30 fps',
  'heavy-latency.svg': 'p99 latency, 8 cameras × 30 fps',
} as const;

function plotsOf(samples: readonly Sample[]): Record<string, string> {
  const chart = (title: string, cell: string, of: Measure, text: (value: number) => string) => {
    const servers = new Set(samples.filter((sample) => sample.cell === cell).map(({ server }) => server));
    const bars = [...servers].flatMap((server): Bar[] => {
      const value = medianOf(samples, { cell, server }, of);
      return value === undefined ? [] : [{ label: server, value, text: text(value), isOurs: server === gateway.label }];
    });
    return barChart(title, bars);
  };
  const share = (value: number) => `${(percent * value).toFixed(1)} %`;
  const ms = (value: number) => `${value >= percent ? Math.round(value) : value.toFixed(1)} ms`;
  const rate = (value: number) => value.toFixed(1);
  const [aligned, heavy] = [cellIds.aligned('8@15'), cellIds.heavy('8@30')];
  return {
    'aligned-results.svg': chart(titles['aligned-results.svg'], aligned, offeredShare, share),
    'aligned-latency.svg': chart(titles['aligned-latency.svg'], aligned, p99, ms),
    'heavy-results.svg': chart(titles['heavy-results.svg'], heavy, resultsOfCameras, rate),
    'heavy-latency.svg': chart(titles['heavy-latency.svg'], heavy, p99, ms),
  };
}

/** Neither the bare loop nor the sink has results of cameras. */
const resultsOfCameras: Measure = (sample) =>
  sample.offered === undefined || sample.results === 0 ? undefined : perSecond(sample);

function runRows(samples: readonly Sample[]): string[] {
  const first = new Map<string, Sample>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.cell, sample.server]);
    if (!first.has(key)) first.set(key, sample);
  }
  return [...first.values()].map((sample) => {
    const cell = (of: Measure, places = 1) => medianOf(samples, sample, of)?.toFixed(places) ?? none;
    const cells = [
      sample.cell,
      sample.server,
      `\`${sample.load}\``,
      cell(perSecond),
      cell(({ dropped, refused, seconds }) => perSecondOf(dropped ?? refused, seconds)),
      cell(p50),
      cell(p99),
      cell(service),
      cell(({ jain }) => jain, 3),
      cell(perCpuSecond),
      cell(({ rssBytes }) => (rssBytes === undefined ? undefined : rssBytes / bytesPerMegabyte), 0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

function perSecondOf(count: number | undefined, seconds: number): number | undefined {
  return count === undefined ? undefined : count / seconds;
}
