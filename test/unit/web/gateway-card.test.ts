/** The facts about the gateway. */
import { test } from 'tap';
import { rowsOf } from '../../../src/web/gateway-card.ts';

const setup = (...providers: string[]) => ({
  decoder: 'jpeg-turbo',
  models: providers.map((provider) => ({ provider })),
});
const readiness = {
  ...{ version: '1.2.3', degraded: false, draining: false },
  pool: { size: 2, ready: 2, sessions: 3 },
  setups: [setup('cuda', 'cpu'), setup('cuda')],
};

test('workers, providers, decoder and sessions', async (t) => {
  t.strictSame(rowsOf(readiness), {
    ...{ version: '1.2.3', workers: '2 of 2 ready', provider: 'cuda, cpu', decoder: 'jpeg-turbo', sessions: '3' },
  });
});

test('missing workers and a shutdown are named', async (t) => {
  const pool = { size: 2, ready: 1, sessions: 0 };
  t.equal(rowsOf({ ...readiness, pool, degraded: true }).workers, '1 of 2 ready, degraded');
  t.equal(rowsOf({ ...readiness, pool, degraded: true, draining: true }).workers, '1 of 2 ready, shutting down');
});

test('with an admin listener, the card only shows whether workers are ready', async (t) => {
  const rows = { version: '–', provider: '–', decoder: '–', sessions: '–' };
  t.strictSame(rowsOf({ ready: true }), { ...rows, workers: 'ready' });
  t.strictSame(rowsOf({ ready: false }), { ...rows, workers: 'not ready' });
});

test('an older gateway has no version, one without models no provider, and a stopped one nothing', async (t) => {
  const { version: _, ...older } = readiness;
  t.equal(rowsOf(older).version, '–');
  t.equal(rowsOf({ ...readiness, setups: [setup()] }).provider, '–');
  t.ok(Object.values(rowsOf(undefined)).every((text) => text === '–'));
});
