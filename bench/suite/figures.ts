/** The suite's figures with their targets, computed from its runs. Pure. */

import { type Aim, above, atLeast, atMost, digits, seconds, unit } from './aim.ts';
import {
  alignedHeavyLoad,
  alignedLoads,
  alone,
  bareLoop,
  cellIds,
  connections,
  fastapi,
  fourWorkers,
  gateway,
  heavyLoads,
  litserve,
  queueingPeers,
  sink,
  staggeredLoads,
  stuck,
  threeWorkers,
  twoWorkers,
  watched,
} from './cells.ts';
import {
  combine,
  cpuPerFrame,
  cpuPerResult,
  type Measure,
  offeredShare,
  type Place,
  perCpuSecond,
  perSecond,
  type RoundSummary,
  ratios,
  summarizeRounds,
  valuesOf,
} from './rounds.ts';
import type { Sample } from './sample.ts';
import type { ServerSpec } from './server-spec.ts';

export interface Figure {
  readonly what: string;
  readonly aim: Aim;
  /** `undefined` if it was not measured. */
  readonly seen: RoundSummary | undefined;
}

type Values = ReadonlyMap<number, number>;

const bytesPerMegabyte = 1e6;
const msPerSecond = 1000;
/** Frame interval of the aligned load above capacity. */
const alignedHeavyIntervalMs = msPerSecond / Number(alignedHeavyLoad.split('@')[1]);

const p50: Measure = ({ p50Ms }) => p50Ms;
const p99: Measure = ({ p99Ms }) => p99Ms;
const service: Measure = ({ serviceMs }) => serviceMs;
const resident: Measure = ({ rssBytes }) => rssBytes;
const refused: Measure = ({ refused: responses }) => responses;

const at = (cell: string, { label }: ServerSpec = gateway): Place => ({ cell, server: label });
const loadLabel = (load: string) => load.replace('@', ' × ');

export function figuresOf(samples: readonly Sample[]): Figure[] {
  const row = (what: string, aim: Aim, values: Values): Figure => ({ what, aim, seen: summarizeRounds(values) });
  return [
    ...withinCapacity(samples, row),
    ...aboveCapacity(samples, row),
    ...fairness(samples, row),
    ...costs(samples, row),
    ...closedLoops(samples, row),
  ];
}

type Row = (what: string, aim: Aim, values: Values) => Figure;

function withinCapacity(samples: readonly Sample[], row: Row): Figure[] {
  const rows = (cell: string, load: string, share: Aim, latency: Aim) => [
    row(`${load}: results ÷ offered`, share, valuesOf(samples, at(cell), offeredShare)),
    row(`${load}: p99 ÷ FastAPI’s`, latency, ratios(samples, p99, at(cell), at(cell, fastapi))),
  ];
  const staggered = staggeredLoads.filter((load) => load !== '4@15');
  return [
    ...staggered.flatMap((load) =>
      rows(cellIds.staggered(load), `${loadLabel(load)} staggered`, atLeast(0.995, digits(3)), atMost(1.1)),
    ),
    ...alignedLoads.flatMap((load) =>
      rows(cellIds.aligned(load), `${loadLabel(load)} aligned`, atLeast(0.99, digits(3)), atMost(1.2)),
    ),
  ];
}

function aboveCapacity(samples: readonly Sample[], row: Row): Figure[] {
  const heavyAligned = at(cellIds.heavyAligned);
  return [
    ...heavyLoads.map((load) =>
      row(
        `${loadLabel(load)}: results per CPU-second, minus a bare uWS sink’s CPU, ÷ the bare loop’s`,
        atLeast(0.95),
        netEfficiency(samples, cellIds.heavy(load)),
      ),
    ),
    ...heavyLoads.flatMap((load) =>
      queueingPeers.map((peer) => {
        const cell = cellIds.heavy(load);
        const values = ratios(samples, perSecond, at(cell), { cell, server: peer });
        return row(`${loadLabel(load)}: results per second ÷ those of ${peer}`, above(1), values);
      }),
    ),
    ...heavyLoads.map((load) => {
      const place = at(cellIds.heavy(load));
      const values = combine(
        [valuesOf(samples, place, p99), valuesOf(samples, place, service)],
        (late, work) => late / work,
      );
      return row(`${loadLabel(load)} staggered: p99 ÷ service time`, atMost(3), values);
    }),
    row(
      `${loadLabel(alignedHeavyLoad)} aligned: p99 ÷ (interval + 2 × service time)`,
      atMost(1),
      combine(
        [valuesOf(samples, heavyAligned, p99), valuesOf(samples, heavyAligned, service)],
        (late, work) => late / (alignedHeavyIntervalMs + 2 * work),
      ),
    ),
  ];
}

/** Results per CPU-second excluding the CPU time for receiving and replying, relative to the loop without a server. */
function netEfficiency(samples: readonly Sample[], cell: string): Values {
  const parts = [
    valuesOf(samples, at(cell), ({ results }) => results),
    valuesOf(samples, at(cell), ({ cpuSeconds }) => cpuSeconds),
    valuesOf(samples, at(cell), ({ sent }) => sent),
    valuesOf(samples, at(cell, sink), cpuPerFrame),
    valuesOf(samples, at(cell, bareLoop), perCpuSecond),
  ];
  return combine(
    parts,
    (results = 0, cpu = 0, sent = 0, sinkCpu = 0, bare = 0) => results / (cpu - sent * sinkCpu) / bare,
  );
}

function fairness(samples: readonly Sample[], row: Row): Figure[] {
  const lowest = new Map<number, number>();
  for (const { server, round, jain } of samples) {
    if (server === gateway.label && jain !== undefined) lowest.set(round, Math.min(jain, lowest.get(round) ?? 1));
  }
  const [pages, mixed] = [cellIds.pages, at(cellIds.mixedRates)];
  return [
    row('Jain’s index, lowest of all loads', atLeast(0.99, digits(3)), lowest),
    row(
      '4 × 30 with 4 × 3: share of the slow four’s frames with results',
      atLeast(0.98, digits(3)),
      valuesOf(samples, mixed, ({ lastGroupShare }) => lastGroupShare),
    ),
    row(
      '4 × 10 next to two senders of 3000 × 3000 pages to document_ocr: results ÷ those of the four alone',
      atLeast(0.9),
      ratios(samples, perSecond, at(pages), at(pages, alone)),
    ),
  ];
}

function costs(samples: readonly Sample[], row: Row): Figure[] {
  const { memory, loopDelay, dropped } = cellIds;
  const megabytes = unit(' MB', 0);
  const residentOf = (server: ServerSpec) => valuesOf(samples, at(memory, server), resident);
  const grown = (from: ServerSpec, to: ServerSpec) =>
    combine([residentOf(from), residentOf(to)], (fewer = 0, more = 0) => (more - fewer) / bytesPerMegabyte);
  return [
    ...(['4@15', '8@15'] as const).map((load) => {
      const cell = cellIds.staggered(load);
      const values = ratios(samples, cpuPerResult, at(cell), at(cell, fastapi));
      return row(`${loadLabel(load)} staggered: CPU per result ÷ FastAPI’s`, atMost(1), values);
    }),
    row(
      'CPU per dropped frame ÷ a bare uWS sink’s per message',
      atMost(1.3),
      ratios(samples, cpuPerFrame, at(dropped, stuck), at(dropped, sink)),
    ),
    row(
      'event-loop delay p99 at 256 × 10',
      atMost(5, unit(' ms', 2)),
      valuesOf(samples, at(loopDelay, watched), ({ loopDelayP99Ms }) => loopDelayP99Ms),
    ),
    row(
      'resident memory at 8 × 15, two workers',
      atMost(220, megabytes),
      combine([residentOf(twoWorkers)], (bytes = 0) => bytes / bytesPerMegabyte),
    ),
    row('resident memory of a third worker', atMost(50, megabytes), grown(twoWorkers, threeWorkers)),
    row('resident memory of a fourth worker', atMost(50, megabytes), grown(threeWorkers, fourWorkers)),
    row(
      'startup time, two workers',
      atMost(0.6, seconds),
      combine([valuesOf(samples, at(memory, twoWorkers), ({ startMs }) => startMs)], (ms = 0) => ms / msPerSecond),
    ),
  ];
}

function closedLoops(samples: readonly Sample[], row: Row): Figure[] {
  return connections.flatMap((count) => {
    const cell = cellIds.closed(count);
    const what = `closed loop of ${count}`;
    return [
      row(`${what}: results ÷ LitServe’s`, atLeast(1.05), ratios(samples, perSecond, at(cell), at(cell, litserve))),
      row(`${what}: p50 ÷ LitServe’s`, atMost(1), ratios(samples, p50, at(cell), at(cell, litserve))),
      row(`${what}: 503 responses`, atMost(0, digits(0)), valuesOf(samples, at(cell), refused)),
    ];
  });
}
