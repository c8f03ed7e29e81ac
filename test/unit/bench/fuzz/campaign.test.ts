/** A campaign reports each case that crashes, hangs or fails, and runs all the others. */
import { tmpdir } from 'node:os';
import { test } from 'tap';
import { type CampaignReport, runCampaign } from '../../../../bench/fuzz/campaign.ts';
import { randomForCase } from '../../../../bench/fuzz/target.ts';
import { isBad, targets } from '../../../support/crashing-targets.ts';

const targetsUrl = new URL('../../../support/crashing-targets.ts', import.meta.url).href;
const seed = 5;

function run(name: string, count: number, deadlineMs = Number.POSITIVE_INFINITY): Promise<CampaignReport> {
  const spec = targets[name];
  if (spec === undefined) throw new Error(`no target ${name}`);
  const range = { from: 0, count, deadlineMs, progressed: () => undefined };
  return runCampaign({ name, spec, targetsUrl, corpus: tmpdir(), seed, ...range });
}

/** The numbers of the bad cases. */
function badCases(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, number) => number);
  return numbers.filter((number) => isBad(Math.floor(randomForCase(seed, number)() * 256)));
}

function failedCases({ failures }: CampaignReport): number[] {
  return failures.map(({ number }) => number).sort((a, b) => a - b);
}

test('a case that crashes its process is reported by number, and the others run', async (t) => {
  const count = (badCases(200)[0] ?? 0) + 3;
  const report = await run('crashing', count);
  t.same(failedCases(report), badCases(count));
  t.match(report.failures[0], { problem: 'exited with SIGSEGV' });
  const lost = badCases(count).length;
  t.same(report.outcomes, { fine: count - lost, lost });
  t.equal(report.cases, count);
});

test('a case that hangs is reported, its process is killed, and the others run', async (t) => {
  const count = (badCases(200)[0] ?? 0) + 2;
  const report = await run('hanging', count);
  t.same(failedCases(report), badCases(count));
  t.match(report.failures[0], { problem: 'hung for 1.5 s' });
  t.equal(report.cases, count);
});

test('a case with an invalid outcome is reported with the reason', async (t) => {
  const bad = badCases(100);
  const report = await run('failing', 100);
  t.same(failedCases(report), bad);
  t.match(report.failures[0], { what: 'one byte', problem: 'RangeError: no' });
  const { even = 0, odd = 0, failed = 0 } = report.outcomes;
  t.equal(failed, bad.length);
  t.equal(even + odd, 100 - bad.length);
});

test('the same seed gives the same outcomes, and no batch starts after the deadline', async (t) => {
  const [first, second] = await Promise.all([run('failing', 40), run('failing', 40)]);
  t.same(first.outcomes, second.outcomes);
  t.equal((await run('failing', 40, 0)).cases, 0);
});
