/** The suite's figures and page, from known runs. */
import { test } from 'tap';
import { cellIds, cells } from '../../../bench/suite/cells.ts';
import { type Figure, figuresOf } from '../../../bench/suite/figures.ts';
import { pageOf } from '../../../bench/suite/page.ts';
import { mergeRecords, type SuiteRecord } from '../../../bench/suite/record.ts';
import type { Sample } from '../../../bench/suite/sample.ts';

type Seen = Partial<Omit<Sample, 'cell' | 'server'>>;

function sample(cell: string, server: string, seen: Seen): Sample {
  return { cell, server, round: 0, load: '--cameras 8', seconds: 10, results: 0, ...seen };
}

const { aligned, closed, dropped, heavy, heavyAligned, loopDelay, memory, mixedRates, pages, staggered } = cellIds;
const samples: readonly Sample[] = [
  sample(staggered('8@15'), 'gateway', {
    results: 1197,
    offered: 1200,
    p99Ms: 33,
    cpuSecondsToLast: 17.955,
    jain: 0.999,
  }),
  sample(staggered('8@15'), 'fastapi', { results: 1200, offered: 1200, p99Ms: 30, cpuSecondsToLast: 20 }),
  sample(aligned('8@15'), 'gateway', {
    results: 600,
    offered: 1200,
    p50Ms: 31.5,
    p99Ms: 54,
    serviceMs: 14,
    jain: 0.98,
  }),
  sample(aligned('8@15'), 'fastapi', { results: 1200, offered: 1200, p99Ms: 60 }),
  sample(heavy('8@30'), 'bare loop', { results: 70, cpuSeconds: 1, seconds: 1 }),
  sample(heavy('8@30'), 'uws-sink', { sent: 2400, cpuSeconds: 0.6, offered: 2400, dropped: 2400 }),
  sample(heavy('8@30'), 'gateway', {
    ...{ results: 1260, offered: 2400, sent: 2400, cpuSeconds: 20.6, p99Ms: 40, serviceMs: 16, jain: 1 },
  }),
  sample(heavy('8@30'), 'fastapi', { results: 1000, offered: 2400, p99Ms: 3000 }),
  sample(heavy('8@30'), 'ws-piscina', { results: 630, offered: 2400, p99Ms: 6000 }),
  sample(heavyAligned, 'gateway', { results: 1200, offered: 4000, p99Ms: 70, serviceMs: 15 }),
  sample(mixedRates, 'gateway', { results: 1000, lastGroupShare: 0.99 }),
  sample(pages, 'gateway', { results: 350 }),
  sample(pages, 'gateway, alone', { results: 400 }),
  sample(closed(2), 'gateway', { results: 990, p50Ms: 20, refused: 0 }),
  sample(closed(2), 'litserve', { results: 900, p50Ms: 25, refused: 0 }),
  sample(closed(4), 'gateway', { results: 990, p50Ms: 20, refused: 3 }),
  sample(memory, 'gateway, 2 workers', { rssBytes: 200e6, startMs: 550 }),
  sample(memory, 'gateway, 3 workers', { rssBytes: 240e6 }),
  sample(memory, 'gateway, 4 workers', { rssBytes: 300e6 }),
  sample(loopDelay, 'gateway, watched', { loopDelayP99Ms: 4.25 }),
  sample(dropped, 'uws-sink', { sent: 8000, cpuSeconds: 0.4 }),
  sample(dropped, 'gateway, stuck', { sent: 8000, cpuSeconds: 0.5 }),
];

/** Value of the figure whose name starts with `prefix`, and whether it meets its target. */
function seen(prefix: string, of: readonly Sample[] = samples): [string, boolean] | undefined {
  const figure: Figure | undefined = figuresOf(of).find(({ what }) => what.startsWith(prefix));
  if (figure?.seen === undefined) return undefined;
  return [figure.aim.format(figure.seen.median), figure.aim.isMet(figure.seen.median)];
}

test('each figure is the ratio in its name', async (t) => {
  for (const [prefix, value, isMet] of [
    ['8 × 15 staggered: results ÷ offered', '0.998', true],
    ['8 × 15 staggered: p99', '1.10', true],
    ['8 × 15 aligned: results ÷ offered', '0.500', false],
    ['8 × 15 aligned: p99', '0.90', true],
    ['8 × 30: results per CPU-second, minus', '0.90', false],
    ['8 × 30: results per second ÷ those of fastapi', '1.26', true],
    ['8 × 30: results per second ÷ those of ws-piscina', '2.00', true],
    ['8 × 30 staggered: p99', '2.50', true],
    ['16 × 25 aligned: p99', '1.00', true],
    ['Jain', '0.980', false],
    ['4 × 30 with 4 × 3', '0.990', true],
    ['4 × 10 next to', '0.88', false],
    ['8 × 15 staggered: CPU per result', '0.90', true],
    ['CPU per dropped frame', '1.25', true],
    ['event-loop delay', '4.25 ms', true],
    ['resident memory at', '200 MB', true],
    ['resident memory of a third', '40 MB', true],
    ['resident memory of a fourth', '60 MB', false],
    ['startup time', '0.55 s', true],
    ['closed loop of 2: results', '1.10', true],
    ['closed loop of 2: p50', '0.80', true],
    ['closed loop of 2: 503 responses', '0', true],
    ['closed loop of 4: 503 responses', '3', false],
  ] as const) {
    t.strictSame(seen(prefix), [value, isMet], prefix);
  }
});

test('ratios are computed per round, and the median is used', async (t) => {
  const cell = staggered('8@15');
  const rounds = [10, 40, 22].flatMap((p99Ms, round) => [
    sample(cell, 'gateway', { round, p99Ms, offered: 1 }),
    sample(cell, 'fastapi', { round, p99Ms: 20 }),
  ]);
  const figure = figuresOf(rounds).find(({ what }) => what.startsWith('8 × 15 staggered: p99'));
  t.strictSame(figure?.seen, { median: 1.1, lowest: 0.5, highest: 2 });
  // A round with a missing run has no ratio; the median of two rounds is their mean.
  t.equal(seen('8 × 15 staggered: p99', rounds.slice(1))?.[0], '1.55');
});

test('figures without runs are undefined', async (t) => {
  for (const { seen: summary } of figuresOf([])) t.equal(summary, undefined);
  t.equal(seen('closed loop of 4: results'), undefined);
});

test('every figure is computed from cells of the suite', async (t) => {
  const everything = cells.flatMap(({ id, trials }) =>
    trials.map(({ server }) =>
      sample(id, server.label, {
        ...{ results: 1, offered: 1, sent: 1, p50Ms: 1, p99Ms: 1, serviceMs: 1, jain: 1, lastGroupShare: 1 },
        ...{ cpuSeconds: 1, cpuSecondsToLast: 1, rssBytes: 1, startMs: 1, loopDelayP99Ms: 1, refused: 0 },
      }),
    ),
  );
  for (const { what, seen: summary } of figuresOf(everything)) t.not(summary, undefined, what);
  t.equal(new Set(cells.map(({ id }) => id)).size, cells.length);
  for (const { id, trials } of cells)
    t.equal(new Set(trials.map(({ server }) => server.label)).size, trials.length, id);
});

const machine = { date: '2026-01-02', cpu: 'A <CPU>', cores: 2, node: '22.0.0', commit: 'abc' };
const settings = { seconds: 10, runs: 1 };

test('the page has every figure and every run, and says what was skipped', async (t) => {
  const skipped = { 'ws-piscina': 'make peers was not run' };
  const { markdown, plots } = pageOf({ samples, skipped }, machine, settings);
  for (const { what, aim } of figuresOf(samples)) t.ok(markdown.includes(`| ${what} | ${aim.text} |`), what);
  t.equal(markdown.match(/`--cameras 8`/g)?.length, samples.length);
  t.match(markdown, '- ws-piscina was skipped: make peers was not run');
  t.match(markdown, 'With holding, 50.0 % of the frames of 8 × 15 aligned get results');
  t.match(markdown, /results arrive after 31\.5 ms \(p50\) and 54\.0 ms \(p99\)/);
  t.notMatch(markdown, /NaN|Infinity|undefined/);
  for (const [name, svg] of Object.entries(plots)) {
    t.ok(markdown.includes(`(../plots/${name})`), name);
    t.match(svg, /^<svg .*<\/svg>\n$/s, name);
  }
});

test('partial runs are merged, and new runs replace old ones', async (t) => {
  const order = ['first', 'second', 'third'];
  const part = (cell: string, results: number, skipped = {}): SuiteRecord => ({
    ...{ machine, ...settings, skipped },
    samples: [sample(cell, 'gateway', { results })],
  });
  const first = part('third', 1, { 'third, fastapi, round 1': 'it failed', 'first, fastapi, round 1': 'it failed' });
  const both = mergeRecords(first, part('first', 2), order);
  t.strictSame(
    both.samples.map(({ cell, results }) => [cell, results]),
    [
      ['first', 2],
      ['third', 1],
    ],
  );
  t.strictSame(both.skipped, { 'third, fastapi, round 1': 'it failed' });
  t.strictSame(mergeRecords(both, part('third', 3), order).samples.at(-1)?.results, 3);
  const otherCommit = { ...part('second', 4), machine: { ...machine, commit: 'def' } };
  t.strictSame(mergeRecords(both, otherCommit, order), otherCommit);
  t.strictSame(mergeRecords(undefined, first, order), first);
});
