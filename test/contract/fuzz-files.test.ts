/** A short run of each fuzz campaign: every corrupted frame, model and pipeline file has a valid outcome. `npm run fuzz` is the long form. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tap, { test } from 'tap';
import { runCampaign } from '../../bench/fuzz/campaign.ts';
import { kinds } from '../../bench/fuzz/kinds.ts';
import { targets } from '../../bench/fuzz/targets.ts';

/** `FUZZ_SEED=2 node test/contract/fuzz-files.test.ts` runs different cases. */
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const folder = mkdtempSync(join(tmpdir(), 'framegate-fuzz-'));
tap.teardown(() => rmSync(folder, { recursive: true }));

/** Cases per target: a few seconds in total. */
const counts: Readonly<Record<string, number>> = {
  validation: 10_000,
  decoding: 500,
  stream: 200,
  model: 60,
  'model.json': 30,
  pipeline: 200,
};

for (const [kind, { prepare, targets: names }] of Object.entries(kinds)) {
  test(`${kind}, seed ${seed}`, async (t) => {
    const corpus = join(folder, kind);
    t.comment(`seed ${seed}; seed files from ${(await prepare(corpus)).join(', ')}`);
    for (const name of Object.keys(names)) {
      const spec = targets[name];
      const count = counts[name];
      if (spec === undefined || count === undefined) throw new Error(`no target or no count for ${name}`);
      const range = { from: 0, count, deadlineMs: Number.POSITIVE_INFINITY, progressed: () => undefined };
      const { cases, outcomes, failures } = await runCampaign({ name, spec, corpus, seed, ...range });
      t.comment(`${name}: ${JSON.stringify(outcomes)}`);
      t.same(failures, [], `npm run fuzz -- ${kind} --seed ${seed} --only <number> reproduces one`);
      t.equal(cases, count);
      t.ok(Object.keys(outcomes).length > 1, `${name} has more than one outcome`);
    }
  });
}
