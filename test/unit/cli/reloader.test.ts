/** A reload puts everything into use together, or nothing. */
import { test } from 'tap';
import { Reloader } from '../../../src/cli/reloader.ts';
import { ConfigError } from '../../../src/errors.ts';
import { KeptLog } from '../../support/started-pool.ts';

function reloaderOf(replacePipelines: () => Promise<number>, ...reads: (() => Promise<() => void>)[]) {
  const kept = new KeptLog();
  return { reloader: new Reloader({ prepare: reads, replacePipelines, log: kept.log }), lines: kept.lines };
}

test('what was read is put into use after the pipelines', async (t) => {
  const steps: string[] = [];
  const { reloader, lines } = reloaderOf(
    async () => steps.push('pipelines'),
    async () => {
      steps.push('read');
      return () => steps.push('in use');
    },
  );
  await reloader.request();
  t.same(steps, ['read', 'pipelines', 'in use']);
  t.same(lines, ['reload']);
  t.same(reloader.status, { succeeded: 1, failed: 0, issues: [] });
});

test('if one part cannot be used, nothing changes, and the issues are kept until a reload succeeds', async (t) => {
  let changes = 0;
  let isBad = true;
  const { reloader, lines } = reloaderOf(
    async () => (changes += 1),
    async () => () => {
      changes += 1;
    },
    async () => {
      if (isBad) throw new ConfigError(['tokens.json: is not JSON']);
      return () => undefined;
    },
  );
  await reloader.request();
  t.equal(changes, 0);
  t.same(reloader.status, { succeeded: 0, failed: 1, issues: ['tokens.json: is not JSON'] });
  t.same(lines, ['reload_failed']);
  isBad = false;
  await reloader.request();
  t.equal(changes, 2);
  t.same(reloader.status, { succeeded: 1, failed: 1, issues: [] });
});

test('pipelines that cannot start leave the rest unchanged', async (t) => {
  let isInUse = false;
  const { reloader } = reloaderOf(
    async () => {
      throw new ConfigError(['plates.json: no luck']);
    },
    async () => () => {
      isInUse = true;
    },
  );
  await reloader.request();
  t.notOk(isInUse);
  t.same(reloader.status.issues, ['plates.json: no luck']);
});

test('requests during a reload lead to exactly one more', async (t) => {
  let reloads = 0;
  const { reloader } = reloaderOf(async () => {
    reloads += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return reloads;
  });
  await Promise.all([reloader.request(), reloader.request(), reloader.request()]);
  t.equal(reloads, 2);
});
