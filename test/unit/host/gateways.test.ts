/** What a host knows about its gateways. */
import { test } from 'tap';
import { Gateways, maxGateways } from '../../../src/host/gateways.ts';
import { gatewayStatus } from '../../support/remote-pool.ts';

test('a gateway claims its part of all hosts, weighted by its sessions', async (t) => {
  const gateways = new Gateways(1000);
  const large = gateways.add('large', 0);
  const small = gateways.add('small', 0);
  t.equal(gateways.share(4, 8), true);
  t.same(Object.fromEntries(gateways.limits), { large: 7, small: 7 }, 'until they say what they need, one frame each');
  large.status = gatewayStatus('large', { demand: 40, hostWorkers: 4, activeSessions: 3 });
  small.status = gatewayStatus('small', { demand: 40, hostWorkers: 4, activeSessions: 1 });
  t.equal(gateways.share(4, 8), true);
  t.same(Object.fromEntries(gateways.limits), { large: 6, small: 2 });
  t.equal(gateways.share(4, 8), false, 'nothing has changed');
  large.status = gatewayStatus('large', { demand: 4, hostWorkers: 16, activeSessions: 3 });
  gateways.share(4, 8);
  t.same(Object.fromEntries(gateways.limits), { large: 1, small: 7 }, 'it has other hosts for the rest');
  gateways.delete('large');
  t.equal(gateways.share(4, 8), true);
  t.same(Object.fromEntries(gateways.limits), { small: 8 });
});

test('silent gateways without frames are found; the longest way counts', async (t) => {
  const gateways = new Gateways(1000);
  const [a, b, c] = ['a', 'b', 'c'].map((id) => gateways.add(id, 0));
  if (a === undefined || b === undefined || c === undefined) throw new Error('not added');
  b.inFlight = 2;
  c.heardAtMs = 500;
  t.same(gateways.silentSince(4000), []);
  t.same(
    gateways.silentSince(4001).map(({ id }) => id),
    ['a'],
  );
  t.equal(gateways.inFlight, 2);
  t.equal(gateways.networkMs, 0, 'until one is known');
  a.status = gatewayStatus('a', { networkMs: 3 });
  b.status = gatewayStatus('b', { networkMs: 9 });
  t.equal(gateways.networkMs, 9);
  t.equal(new Gateways(1000).networkMs, 0);
});

test('there is a most', async (t) => {
  const gateways = new Gateways(1000);
  for (let n = 0; n < maxGateways; n++) {
    t.equal(gateways.isFull, false);
    gateways.add(`gateway ${n}`, 0);
  }
  t.equal(gateways.isFull, true);
});
