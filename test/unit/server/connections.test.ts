/** Sockets are counted, and a reserve of file descriptors is kept. */
import { test } from 'tap';
import { adminShareOf, Connections, descriptorLimit, maxConnectionsFor } from '../../../src/server/connections.ts';
import type { HttpResponse, TemplatedApp } from '../../../src/server/uws.ts';
import { KeptLog } from '../../support/started-pool.ts';

test('a reserve is kept below the limit of file descriptors', async (t) => {
  t.equal(maxConnectionsFor(1024), 896);
  t.equal(maxConnectionsFor(200), 100);
  t.equal(maxConnectionsFor(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
});

test('the admin listener has a small share of its own', async (t) => {
  t.equal(adminShareOf(896), 64);
  t.equal(adminShareOf(100), 25);
  t.equal(adminShareOf(Number.POSITIVE_INFINITY), 64);
});

test('this process has a limit or is unlimited', async (t) => {
  t.ok(descriptorLimit() > 100);
});

test('a connection above the limit is closed, and room is made for the next', async (t) => {
  let madeRoom = 0;
  const kept = new KeptLog();
  const makeRoom = () => (madeRoom += 1);
  const connections = new Connections({
    max: 2,
    whenFull: { event: 'descriptors_exhausted', message: 'full' },
    makeRoom,
    log: kept.log,
  });
  let changed: Parameters<TemplatedApp['filter']>[0] = () => undefined;
  connections.register({ filter: (callback: typeof changed) => (changed = callback) } as unknown as TemplatedApp);
  let closed = 0;
  const response = {
    close: () => {
      closed += 1;
      changed(response, -1);
    },
  } as unknown as HttpResponse;
  changed(response, 1);
  changed(response, 1);
  t.same([connections.open, closed], [2, 0]);
  changed(response, 1);
  t.same([connections.open, closed, madeRoom], [2, 1, 1]);
  t.same(kept.lines, ['descriptors_exhausted']);
  connections.webSocketClosed();
  changed(response, 1);
  t.same([connections.open, closed], [2, 1]);
});
