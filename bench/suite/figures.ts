/** What the suite's runs say, as the ratios that count. Pure. */
import type { LoadReport } from '../../src/load/report.ts';
import { streamPeers } from '../peers/start-peer.ts';
import type { SuiteOutcome, SuiteRun } from './scenarios.ts';

export interface Figure {
  readonly what: string;
  readonly aim: string;
  /** As it is printed; with a word where it cannot be told. */
  readonly seen: string;
}

type ReportOf = (id: string, server?: SuiteRun['server']) => LoadReport | undefined;

const unknown = 'not measured';

export function figuresOf({ ceiling, runs }: SuiteOutcome): Figure[] {
  const find = (id: string, server: SuiteRun['server'] = 'gateway') =>
    runs.find((run) => run.id === id && run.server === server);
  const reportOf: ReportOf = (id, server) => find(id, server)?.report;
  const ours = reportOf('peers');
  return [
    {
      what: 'results per CPU-second at saturation ÷ the bare loop’s',
      aim: '≥ 0.95',
      seen: ratio(perCpuSecond(reportOf('saturated')), ceiling.frames_per_cpu_second),
    },
    {
      what: 'p99 latency at 4× overload ÷ at half load',
      aim: '≤ 1.5',
      seen: ratio(reportOf('overload')?.latency_ms.p99, reportOf('half-load')?.latency_ms.p99),
    },
    {
      what: 'CPU per dropped frame ÷ a bare uWS sink’s per message',
      aim: '≤ 1.3',
      seen: ratio(cpuPerFrame(reportOf('dropped')), cpuPerFrame(reportOf('dropped', 'uws-sink'))),
    },
    {
      what: '16 phase-locked cameras at 4× overload: Jain’s index',
      aim: '≥ 0.95',
      seen: number(reportOf('overload')?.jain),
    },
    {
      what: 'the same: results ÷ those of first come',
      aim: '≥ 0.9',
      seen: ratio(reportOf('overload')?.results, reportOf('overload', 'first-come')?.results),
    },
    {
      what: 'four cameras at 30 fps with four at 3 fps, one worker: part of the slow four’s frames with results',
      aim: '≥ 0.9',
      seen: number(reportOf('mixed-rates')?.groups[1]?.share),
    },
    {
      what: 'event-loop delay p99 at 256 cameras × 10 fps',
      aim: '≤ 5 ms',
      seen: milliseconds(find('many')?.loopDelayMs?.p99),
    },
    ...peerFigures(runs, ours),
    // More takers than cores lose less of what comes together, as a queue does.
    ...comparedWith(runs, reportOf('peers-one-more'), {
      ...{ id: 'peers', servers: ['fastapi'], aim: 'a queue’s results, without its waits' },
      what: 'the same with one worker more than cores',
    }),
    ...comparedWith(runs, reportOf('peers-overload'), {
      ...{ id: 'peers-overload', aim: '> 1, < 1' },
      what: '8 cameras × 30 fps, too much for two cores,',
    }),
    // In one instant a gateway without a queue takes as many frames as it has workers.
    ...comparedWith(runs, reportOf('peers-locked'), {
      ...{ id: 'peers-locked', aim: 'what “nothing waits” costs, and gives' },
      what: 'the same 8 cameras, all in the same instant,',
    }),
  ];
}

function peerFigures(runs: readonly SuiteRun[], ours: LoadReport | undefined): Figure[] {
  return runs
    .filter(({ id, server }) => id === 'peers' && server !== 'gateway')
    .map(({ server, report }) => ({
      what: `8 cameras × 15 fps against ${server}: results, p99 latency, results per CPU-second`,
      aim: server === 'ws-main-thread' ? '> 1, < 1, ≥ 5' : '> 1, < 1',
      seen: [
        ratio(ours?.results, report.results),
        ratio(ours?.latency_ms.p99, report.latency_ms.p99),
        ratio(perCpuSecond(ours), perCpuSecond(report)),
      ].join(', '),
    }));
}

interface Comparison {
  /** The runs of the peers that are compared with. */
  readonly id: string;
  readonly servers?: readonly SuiteRun['server'][];
  readonly what: string;
  readonly aim: string;
}

function comparedWith(
  runs: readonly SuiteRun[],
  ours: LoadReport | undefined,
  { id, servers = streamPeers, what, aim }: Comparison,
): Figure[] {
  return runs
    .filter((run) => run.id === id && servers.includes(run.server))
    .map(({ server, report }) => ({
      what: `${what} against ${server}: results, p99 latency`,
      aim,
      seen: [ratio(ours?.results, report.results), ratio(ours?.latency_ms.p99, report.latency_ms.p99)].join(', '),
    }));
}

export function perCpuSecond(report: LoadReport | undefined): number | undefined {
  const seconds = report?.server?.cpu_seconds;
  return report === undefined || seconds === undefined ? undefined : report.results / seconds;
}

function cpuPerFrame(report: LoadReport | undefined): number | undefined {
  const seconds = report?.server?.cpu_seconds;
  return report === undefined || seconds === undefined ? undefined : seconds / report.sent;
}

function ratio(a: number | null | undefined, b: number | null | undefined): string {
  return typeof a === 'number' && typeof b === 'number' && b > 0 ? (a / b).toFixed(2) : unknown;
}

function number(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(3) : unknown;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? unknown : `${value} ms`;
}
