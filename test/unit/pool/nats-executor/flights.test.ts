/** Frames on hosts: each has exactly one outcome, and every credit returns once. */

import type { Test } from 'tap';
import { test } from 'tap';
import { timedOut } from '../../../../src/pool/messages.ts';
import type { PoolOptions } from '../../../../src/pool/pool.ts';
import { FakeBroker } from '../../../support/fake-channel.ts';
import { delivered, remotePool, ScriptedHost, subjects } from '../../../support/remote-pool.ts';
import { until } from '../../../support/started-pool.ts';

/** A gateway with hosts of one place each. */
async function gatewayWith(t: Test, ids: readonly string[], pool: Partial<PoolOptions> = {}) {
  const broker = new FakeBroker();
  const gateway = remotePool(t, broker, { pool });
  const hosts = ids.map((id) => new ScriptedHost(broker, id));
  for (const host of hosts) host.report(1);
  await delivered();
  gateway.pool.openSession('a');
  const [first, second, third] = hosts;
  if (first === undefined) throw new Error('no host');
  const hostWith = (frameIndex: number) => {
    const found = hosts.find(({ frames }) => frames.at(-1)?.header.frameIndex === frameIndex);
    if (found === undefined) throw new Error(`frame ${frameIndex} is on no host`);
    return found;
  };
  return { ...gateway, broker, hosts: { first, second: second ?? first, third: third ?? first }, hostWith };
}

test('a frame arrives with its bytes, its source and its limits; its reply is its outcome', async (t) => {
  const { offer, outcomes, slots, hosts, inFlight } = await gatewayWith(t, ['h1']);
  offer('a', 7, 'plates', Uint8Array.of(1, 2, 3));
  await delivered();
  const [frame] = hosts.first.frames;
  t.match(frame?.header, {
    gateway: 'gate',
    pipeline: 'plates',
    fingerprint: 'f1',
    frameIndex: 7,
    session: 'a',
    camera: 'gate',
  });
  t.ok((frame?.header.timeoutMs ?? 0) > 50_000 && (frame?.header.timeoutMs ?? 0) <= 60_000);
  t.same(frame?.bytes, Uint8Array.of(1, 2, 3));
  t.match(frame?.reply, /^framegate\.default\.reply\.gate\.\w+$/);
  t.equal(inFlight(), 1);
  hosts.first.reply(7, { type: 'result', text: '{"n":7}', timings: { decode: 2 } });
  await delivered();
  t.match(outcomes.get(7), { type: 'result', text: '{"n":7}', timings: { decode: 2, network: Number } });
  t.equal(inFlight(), 0);
  t.equal(slots.usedBytes, 0);
});

test('a frame that is refused goes to one other host, and no further', async (t) => {
  const { offer, outcomes, slots, hosts, hostWith, inFlight } = await gatewayWith(t, ['h1', 'h2', 'h3']);
  offer('a', 1);
  await delivered();
  const first = hostWith(1);
  first.refuse(1, 'busy');
  await delivered();
  const all = [hosts.first, hosts.second, hosts.third];
  const second = all.find((host) => host !== first && host.frames.length === 1);
  t.ok(second, 'another host has it now');
  t.equal(outcomes.size, 0);
  t.equal(inFlight(), 1, 'it counts on one host only');
  second?.refuse(1, 'busy');
  await delivered();
  t.same(outcomes.get(1), { type: 'dropped', reason: 'busy' });
  t.equal(
    all.reduce((sum, { frames }) => sum + frames.length, 0),
    2,
    'the third host has not seen it',
  );
  t.equal(inFlight(), 0);
  t.equal(slots.usedBytes, 0);
});

for (const reason of ['busy', 'leaving', 'fingerprint', 'invalid'])
  test(`a frame that is refused and has no other host is dropped: ${reason}`, async (t) => {
    const { offer, outcomes, hosts, remotes, inFlight } = await gatewayWith(t, ['h1']);
    offer('a', 1);
    await delivered();
    hosts.first.refuse(1, reason);
    await delivered();
    t.same(outcomes.get(1), { type: 'dropped', reason: 'busy' });
    t.equal(inFlight(), 0);
    t.match(remotes(), [{ limit: reason === 'leaving' ? 0 : 1 }], 'a host that leaves gets no more');
  });

test('a frame that nobody receives goes to another host, and its host is lost at once', async (t) => {
  const { offer, outcomes, hosts, log, remotes, pool, inFlight } = await gatewayWith(t, ['h1', 'h2']);
  const { first: gone, second: other } = hosts;
  gone.report(4);
  other.report(2);
  await delivered();
  for (const [index, session] of ['b', 'c', 'd'].entries()) {
    pool.openSession(session);
    // The third one finds the larger free share on the host that is gone.
    if (index === 2) gone.channel.setConnected(false);
    offer(session, index);
    await delivered();
  }
  t.same(
    [gone, other].map(({ frames }) => frames.map(({ header }) => header.frameIndex)),
    [[0], [1, 2]],
  );
  t.match(remotes(), [{ id: 'h2', in_flight: 2 }]);
  t.match(log.fieldsOf('host_lost'), [{ id: 'h1', in_flight: 1, reason: 'it is gone' }]);
  t.same(outcomes.get(0), { type: 'dropped', reason: 'host_lost' }, 'the frame that it had');
  for (const frameIndex of [1, 2]) other.reply(frameIndex, undefined, 2);
  await delivered();
  t.match([outcomes.get(1), outcomes.get(2)], [{ type: 'result' }, { type: 'result' }]);
  t.equal(inFlight(), 0);
});

test('a frame that nobody receives and that has no other host is dropped', async (t) => {
  const { offer, outcomes, hosts, remotes, slots } = await gatewayWith(t, ['h1']);
  hosts.first.channel.setConnected(false);
  offer('a', 1);
  await delivered();
  t.same(outcomes.get(1), { type: 'dropped', reason: 'host_lost' });
  t.same(remotes(), []);
  t.equal(slots.usedBytes, 0);
});

test('a reply after the deadline is discarded; the place that it held returns once', async (t) => {
  const { offer, outcomes, hosts, inFlight, timeouts, slots } = await gatewayWith(t, ['h1'], { frameTimeoutMs: 10 });
  offer('a', 1);
  await until(() => outcomes.has(1));
  t.same(outcomes.get(1), timedOut);
  t.same(timeouts, [1]);
  t.equal(slots.usedBytes, 0);
  t.equal(inFlight(), 1, 'the host may still be working on it');
  hosts.first.reply(1);
  hosts.first.reply(1);
  await delivered();
  t.equal(inFlight(), 0, 'the second reply of the same frame changes nothing');
  t.equal(outcomes.size, 1);
});

test('a frame that timed out and is then refused or undelivered is not sent again', async (t) => {
  const { offer, outcomes, hosts, hostWith, inFlight } = await gatewayWith(t, ['h1', 'h2'], { frameTimeoutMs: 10 });
  offer('a', 1);
  await until(() => outcomes.has(1));
  hostWith(1).refuse(1, 'busy');
  await delivered();
  t.equal(hosts.first.frames.length + hosts.second.frames.length, 1);
  t.equal(inFlight(), 0);
  t.same(outcomes.get(1), timedOut);
});

test('a reply that is not valid drops its frame, and is logged once', async (t) => {
  const { offer, outcomes, hosts, log, inFlight, slots } = await gatewayWith(t, ['h1']);
  const invalid = [
    { header: '{', body: '{}' },
    { header: JSON.stringify({ type: 'result', timings: {}, tookMs: null, limit: 1 }), body: '{}' },
    { header: JSON.stringify({ type: 'result', timings: {}, tookMs: 1, limit: 1 }), body: 'no object' },
    { header: '', body: '' },
  ];
  for (const [index, { header, body }] of invalid.entries()) {
    offer('a', index);
    await delivered();
    const reply = hosts.first.frames.at(-1)?.reply ?? '';
    hosts.first.channel.publish(reply, body, { header });
    await delivered();
    t.same(outcomes.get(index), { type: 'dropped', reason: 'host_lost' });
  }
  t.match(log.fieldsOf('host_refused'), [{ host: 'name of h1', issues: ['its reply is not valid'] }]);
  t.equal(log.fieldsOf('host_refused').length, 1);
  t.equal(inFlight(), 0);
  t.equal(slots.usedBytes, 0);
});

test('replies to no frame change nothing', async (t) => {
  const { outcomes, broker, inFlight, offer, hosts } = await gatewayWith(t, ['h1']);
  offer('a', 1);
  await delivered();
  const peer = broker.connect();
  const header = JSON.stringify({ type: 'result', timings: {}, tookMs: 1, limit: 9 });
  for (const key of ['zz', '__proto__', '0', 'constructor'])
    peer.publish(subjects.reply('gate', key), '{}', { header });
  peer.publish(subjects.reply('other', '1'), '{}', { header });
  await delivered();
  t.equal(outcomes.size, 0);
  t.equal(inFlight(), 1);
  hosts.first.reply(1);
  await delivered();
  t.equal(outcomes.size, 1);
});

test('a frame that the broker does not take is dropped, not awaited', async (t) => {
  const { offer, outcomes, channel, hosts, inFlight, slots } = await gatewayWith(t, ['h1']);
  channel.maxBytes = 4;
  offer('a', 1, 'plates', new Uint8Array(5));
  await delivered();
  t.same(outcomes.get(1), { type: 'dropped', reason: 'host_lost' });
  t.equal(hosts.first.frames.length, 0);
  t.equal(inFlight(), 0);
  t.equal(slots.usedBytes, 0);
});

test('outcomes other than results pass as they are', async (t) => {
  const { offer, outcomes, hosts } = await gatewayWith(t, ['h1']);
  const failed = { type: 'failed', code: 'invalid_frame', detail: 'Not a valid JPEG image', reason: 'why' };
  offer('a', 1);
  await delivered();
  hosts.first.reply(1, failed);
  await delivered();
  offer('a', 2);
  await delivered();
  hosts.first.reply(2, { type: 'dropped', reason: 'expired' });
  await delivered();
  t.match(outcomes.get(1), failed);
  t.match(outcomes.get(2), { type: 'dropped', reason: 'expired' });
});
