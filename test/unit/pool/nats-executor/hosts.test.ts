/** The hosts of a gateway: which it uses, when one is lost, and what it tells them. */
import { test } from 'tap';
import { FakeBroker } from '../../../support/fake-channel.ts';
import { ManualExecutor } from '../../../support/manual-executor.ts';
import {
  delivered,
  lastGatewayStatus,
  manualHost,
  remotePool,
  ScriptedHost,
  subjects,
} from '../../../support/remote-pool.ts';
import { skewedClock } from '../../../support/skewed-clock.ts';
import { until } from '../../../support/started-pool.ts';

test('a gateway and hosts find each other, whoever comes first, and frames run', async (t) => {
  const broker = new FakeBroker();
  const one = manualHost(t, broker, 'h1', 1);
  const { pool, offer, outcomes, remotes, inFlight, slots, log } = remotePool(t, broker);
  const two = manualHost(t, broker, 'h2', 1);
  await until(() => pool.capacity === 4);
  t.match(
    log
      .fieldsOf('host_joined')
      .map(({ id }) => id)
      .sort(),
    ['h1', 'h2'],
  );
  for (const session of ['a', 'b', 'c', 'd']) pool.openSession(session);
  for (const [index, session] of ['a', 'b', 'c', 'd'].entries()) offer(session, index);
  await delivered();
  t.match(remotes(), [{ in_flight: 2 }, { in_flight: 2 }], 'one runs and one waits on each');
  t.match(
    [one.pool.status(), two.pool.status()],
    [
      { inFlight: 1, held: 1 },
      { inFlight: 1, held: 1 },
    ],
  );
  for (const { executor } of [one, two]) {
    await executor.endAll();
    await delivered();
    await executor.endAll();
  }
  await delivered();
  t.same(
    [...outcomes.values()].map(({ type }) => type),
    ['result', 'result', 'result', 'result'],
  );
  t.equal(inFlight(), 0);
  t.equal(slots.usedBytes, 0);
});

test('idle workers come first; then threads or hosts, as the rank says', async (t) => {
  for (const [rank, expected] of [
    [1, 'local'],
    [-1, 'remote'],
  ] as const) {
    const broker = new FakeBroker();
    const local = new ManualExecutor(1, 'plates');
    const { pool, offer } = remotePool(t, broker, { local: [local], hosts: { rank } });
    const host = new ScriptedHost(broker, 'h1');
    host.report(2, { workers: { size: 1, ready: 1, busy: 0, timedOut: 0 } });
    await delivered();
    for (const session of ['a', 'b', 'c']) pool.openSession(session);
    offer('a', 1);
    await delivered();
    t.equal(local.started.length === 1 ? 'local' : 'remote', expected);
    offer('b', 2);
    await delivered();
    t.match([local.started.length, host.frames.length], [1, 1], 'the other one is idle, whatever the rank');
    offer('c', 3);
    await delivered();
    t.equal(host.frames.length, 2, 'a waiting place, since nothing is idle');
    await local.endAll();
    for (const { header } of host.frames) host.reply(header.frameIndex);
    await delivered();
  }
});

test('a host that is silent is lost; each of its frames is answered once, and a late reply changes nothing', async (t) => {
  const broker = new FakeBroker();
  const { pool, offer, outcomes, remotes, log, slots } = remotePool(t, broker, { hosts: { hostLostMs: 100 } });
  const host = new ScriptedHost(broker, 'h1');
  host.report(2);
  await delivered();
  for (const session of ['a', 'b']) pool.openSession(session);
  offer('a', 1);
  offer('b', 2);
  await until(() => outcomes.size === 2);
  for (const frameIndex of [1, 2]) t.same(outcomes.get(frameIndex), { type: 'dropped', reason: 'host_lost' });
  t.match(log.fieldsOf('host_lost'), [{ id: 'h1', in_flight: 2, reason: 'nothing heard for 100 ms' }]);
  t.same(remotes(), []);
  t.equal(slots.usedBytes, 0);
  host.reply(1);
  host.report(2);
  await delivered();
  t.match(remotes(), [{ id: 'h1', in_flight: 0, limit: 2 }], 'it is back, with nothing in flight');
});

test('a host that is gone is noticed while a session waits for its only frame; one that is slow is not disturbed', async (t) => {
  const broker = new FakeBroker();
  const { pool, offer, outcomes, log } = remotePool(t, broker);
  const slow = manualHost(t, broker, 'slow', 1);
  const gone = new ScriptedHost(broker, 'gone');
  gone.report(1);
  await delivered();
  for (const session of ['a', 'b']) pool.openSession(session);
  offer('a', 1);
  offer('b', 2);
  await until(() => gone.frames.length === 1);
  gone.channel.setConnected(false);
  await until(() => outcomes.size === 1);
  const [lost] = gone.frames.map(({ header }) => header.frameIndex);
  t.same([...outcomes], [[lost, { type: 'dropped', reason: 'host_lost' }]]);
  t.match(log.fieldsOf('host_lost'), [{ id: 'gone', in_flight: 1, reason: 'it is gone' }]);
  await until(() => broker.published.some(({ subject, header }) => subject === subjects.run('slow') && header === ''));
  await slow.executor.endAll();
  await until(() => outcomes.size === 2);
  t.match([...outcomes.values()][1], { type: 'result' });
  t.match(slow.host.totals, { frames: 1, refused: 0 });
});

test('after the process was suspended, statuses are read before a host counts as silent', async (t) => {
  const broker = new FakeBroker();
  const pass = skewedClock(t);
  const { remotes, log } = remotePool(t, broker, { hosts: { hostLostMs: 3000 } });
  const host = new ScriptedHost(broker, 'h1');
  host.report(1);
  await delivered();
  pass(5000);
  const announced = () => broker.published.filter(({ subject }) => subject === subjects.gatewayStatus('gate')).length;
  const before = announced();
  await until(() => announced() > before);
  t.same(log.fieldsOf('host_lost'), []);
  host.report(1);
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.match(remotes(), [{ id: 'h1' }], 'it was only this process that was late');
});

test('a host that leaves gets no more frames, finishes what it has, and is forgotten', async (t) => {
  const broker = new FakeBroker();
  const { pool, offer, outcomes, remotes, log } = remotePool(t, broker);
  const host = new ScriptedHost(broker, 'h1');
  host.report(2);
  await delivered();
  pool.openSession('a');
  offer('a', 1);
  await delivered();
  host.report(2, { isLeaving: true });
  host.report(2, { isLeaving: true });
  await delivered();
  t.match(remotes(), [{ id: 'h1', limit: 0, in_flight: 1 }]);
  t.equal(log.fieldsOf('host_left').length, 1);
  host.reply(1, undefined, 2);
  await until(() => remotes().length === 0);
  t.match(outcomes.get(1), { type: 'result' });
  host.report(2, { isLeaving: true });
  await delivered();
  t.same(remotes(), [], 'it does not join again while it leaves');
  t.same(log.fieldsOf('host_lost'), []);
});

test('without the broker there is no credit, nothing is published, and running frames are answered', async (t) => {
  const broker = new FakeBroker();
  const { pool, offer, outcomes, channel, remotes, slots } = remotePool(t, broker, { pool: { maxWaitMs: 0 } });
  const host = new ScriptedHost(broker, 'h1');
  host.report(1);
  await delivered();
  pool.openSession('a');
  offer('a', 1);
  await delivered();
  channel.setConnected(false);
  await delivered();
  t.same(outcomes.get(1), { type: 'dropped', reason: 'host_lost' });
  t.equal(pool.capacity, 0);
  const before = broker.published.length;
  offer('a', 2);
  await delivered();
  t.same(outcomes.get(2), { type: 'dropped', reason: 'busy' });
  t.equal(broker.published.length, before);
  channel.setConnected(true);
  t.equal(broker.published.length, before + 1, 'the hosts are asked at once');
  host.report(1);
  await delivered();
  t.match(remotes(), [{ id: 'h1', limit: 1, in_flight: 0 }]);
  t.equal(slots.usedBytes, 0);
});

test('statuses that are not valid, or of hosts with nothing in common, are logged once and change nothing', async (t) => {
  const broker = new FakeBroker();
  const { remotes, log } = remotePool(t, broker);
  const host = new ScriptedHost(broker, 'h1');
  for (let n = 0; n < 3; n++) {
    host.channel.publish(subjects.hostStatus('h1'), 'no JSON');
    host.report(2, { pipelines: { plates: 'other' }, loaded: ['plates'] });
  }
  await delivered();
  t.same(remotes(), []);
  t.match(log.fieldsOf('host_refused'), [
    { host: 'unknown', issues: ['its status is not JSON'] },
    { host: 'name of h1', issues: [/^pipeline plates differs/] },
  ]);
  t.equal(log.fieldsOf('host_refused').length, 2);
});

test('there is a most of hosts; those beyond it are not used, once in the log', async (t) => {
  const broker = new FakeBroker();
  const { remotes, log } = remotePool(t, broker);
  for (let n = 0; n < 259; n++) new ScriptedHost(broker, `h${n}`).report(1);
  await delivered();
  t.equal(remotes().length, 256);
  t.match(log.fieldsOf('host_refused'), [{ issues: ['more than 256 hosts'] }]);
  t.equal(log.fieldsOf('host_refused').length, 1);
});

test('it tells the hosts what it needs, at once when that grows', async (t) => {
  const broker = new FakeBroker();
  const { pool, offer, hosts } = remotePool(t, broker);
  const host = new ScriptedHost(broker, 'h1');
  host.report(1, { workers: { size: 4, ready: 3, busy: 0, timedOut: 0 } });
  await delivered();
  t.match(lastGatewayStatus(broker, 'gate'), { demand: 0, isLeaving: false, wanted: [], pipelines: { plates: 'f1' } });
  for (const session of ['a', 'b', 'c']) {
    pool.openSession(session);
    offer(session, session.charCodeAt(0));
  }
  await until(() => lastGatewayStatus(broker, 'gate').demand === 3);
  t.match(
    lastGatewayStatus(broker, 'gate'),
    { demand: 3, hostWorkers: 3, activeSessions: 3, wanted: ['plates'] },
    'one runs, two are held',
  );
  hosts.request('plates');
  hosts.stop();
  t.match(lastGatewayStatus(broker, 'gate'), { isLeaving: true });
});

test('a reload: hosts with the previous pipelines are used until they have the new ones; no session goes back', async (t) => {
  const broker = new FakeBroker();
  const { pool, offer, outcomes, remotes, hosts, log } = remotePool(t, broker);
  const [old, next] = ['h1', 'h2'].map((id) => new ScriptedHost(broker, id));
  if (old === undefined || next === undefined) throw new Error('no hosts');
  for (const host of [old, next]) host.report(1);
  await delivered();
  pool.openSession('a');
  pool.openSession('b');
  hosts.setPipelines(new Map([['plates', 'f2']]), 2);
  old.report(1);
  next.report(1);
  await delivered();
  t.match(remotes(), [
    { generation: 1, limit: 1 },
    { generation: 1, limit: 1 },
  ]);
  t.match(
    log.fieldsOf('host_refused'),
    [{ issues: [/^its pipelines are those before the last reload/] }, {}],
    'it is said that they are behind',
  );
  next.report(1, { pipelines: { plates: 'f2' } });
  await delivered();
  t.match(
    remotes().map(({ id, generation }) => [id, generation]),
    [
      ['h1', 1],
      ['h2', 2],
    ],
  );
  offer('a', 1);
  await delivered();
  t.match(old.frames.at(-1)?.header, { frameIndex: 1, fingerprint: 'f1' }, 'the oldest generation first');
  offer('b', 2);
  await delivered();
  t.match(next.frames.at(-1)?.header, { frameIndex: 2, fingerprint: 'f2' });
  old.reply(1);
  await delivered();
  offer('b', 3);
  await delivered();
  t.equal(old.frames.length, 1, 'b has run the new pipeline, and waits for it');
  t.equal(pool.status().held, 1);
  next.reply(2);
  await delivered();
  t.match(next.frames.at(-1)?.header, { frameIndex: 3, fingerprint: 'f2' });
  next.reply(3);
  old.report(1, { pipelines: { plates: 'f0' } });
  await delivered();
  t.match(remotes()[0], { id: 'h1', limit: 0 }, 'neither the new pipeline nor the previous one');
  t.equal([...outcomes.values()].filter(({ type }) => type === 'result').length, 3);
});
