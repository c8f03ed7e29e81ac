/** A host as an executor: what it can take, from what it says. */
import { test } from 'tap';
import type { HostStatus } from '../../../../src/broker/statuses.ts';
import { RemoteHost } from '../../../../src/pool/nats-executor/remote-host.ts';

const statusOf = (changes: Partial<HostStatus> = {}): HostStatus => ({
  ...{
    protocol: 1,
    version: '0.0.1',
    id: 'h1',
    name: 'one',
    isLeaving: false,
    pipelines: { plates: 'f1', pages: 'f2' },
  },
  ...{
    workers: { size: 4, ready: 2, busy: 1, timedOut: 0 },
    loaded: ['plates', 'pages'],
    limits: { gate: 3 },
    inFlight: {},
    setups: [],
  },
  ...changes,
});

function hostOf(status: HostStatus, matching: readonly string[] = ['plates']): RemoteHost {
  const host = new RemoteHost(status, 1, 0, () => Promise.reject(new Error('not sent')));
  host.update(status, { matching, generation: 2 }, 'gate', 100);
  return host;
}

test('credit, and how much of it starts at once', async (t) => {
  const host = hostOf(statusOf());
  t.match(host, {
    id: 'h1',
    name: 'one',
    rank: 1,
    generation: 2,
    capacity: 3,
    free: 3,
    idleShare: 1,
    readyWorkers: 2,
    heardAtMs: 100,
  });
  host.frameSent(0);
  t.match(host, { free: 2, idleShare: 0.5, inFlight: 1 });
  host.frameSent(0);
  host.frameSent(0);
  t.match(host, { free: 0, idleShare: 0 });
  host.grant(1, 0);
  t.match(host, { capacity: 1, free: 0, idleShare: 0 }, 'a lower limit takes nothing back');
  for (let n = 0; n < 3; n++) host.frameGone();
  t.match(host, { free: 1, inFlight: 0 });
});

test('only common pipelines that are loaded run; others may be asked for', async (t) => {
  const host = hostOf(statusOf({ loaded: ['pages'] }));
  t.same([...host.pipelines], []);
  t.equal(host.capacity, 0);
  t.equal(host.has('plates'), true);
  t.equal(host.has('pages'), false, 'it is another version there');
  t.equal(host.fingerprintOf('plates'), 'f1');
  t.equal(host.fingerprintOf('none'), '');
  t.equal(hostOf(statusOf({ limits: {} })).capacity, 0, 'no limit yet');
});

test('a host that has been retired gets nothing; its status stays', async (t) => {
  const host = hostOf(statusOf());
  host.frameSent(0);
  t.equal(await host.stop(), true);
  t.match(host, { isRetired: true, capacity: 0, free: 0, idleShare: 0, inFlight: 1 });
  t.match(host.status(), {
    ready: 2,
    busy: 1,
    host: { id: 'h1', limit: 0, in_flight: 1, pipelines: ['plates'], generation: 2 },
  });
});

test('workers that are busy with frames of other gateways are not idle', async (t) => {
  const host = hostOf(statusOf({ inFlight: { gate: 1, other: 1 } }));
  t.match(host, { free: 3, idleShare: 0.5 });
  host.grant(3, 2);
  t.match(host, { free: 3, idleShare: 0 }, 'a frame would wait there');
});
