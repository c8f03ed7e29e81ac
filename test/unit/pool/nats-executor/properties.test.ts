/** Random events between a gateway and hosts: every frame has exactly one outcome, and nothing stays behind. */
import { test } from 'tap';
import { FakeBroker } from '../../../support/fake-channel.ts';
import { delivered, remotePool, ScriptedHost } from '../../../support/remote-pool.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { until } from '../../../support/started-pool.ts';

const rounds = 30;
const eventsPerRound = 150;
const sessions = ['a', 'b', 'c', 'd', 'e'];
/** Short, so that some frames time out, and some after a refusal. */
const frameTimeoutMs = 12;

const outcomesOfHost = [
  { type: 'result', text: '{}', timings: {} },
  { type: 'failed', code: 'pipeline_failure', detail: 'x', reason: 'x' },
  { type: 'dropped', reason: 'expired' },
  { type: 'dropped', reason: 'worker_lost' },
  ...['busy', 'leaving', 'fingerprint', 'invalid'].map((reason) => ({ type: 'refused', reason })),
];

const seen = new Map<string, number>();

for (let round = 0; round < rounds; round++)
  test(`random events, seed ${round}`, async (t) => {
    const random = seededRandom(round);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
    const broker = new FakeBroker();
    const pool = { frameTimeoutMs, maxWaitMs: pick([0, 5, 1000]) };
    const gateway = remotePool(t, broker, { pool });
    for (const session of sessions) gateway.pool.openSession(session);
    const hosts = [1, 2, 3].map((n) => new ScriptedHost(broker, `h${round}-${n}`));
    for (const host of hosts) host.report(2);
    await delivered();
    let offered = 0;
    const isNegative = () => gateway.remotes().some(({ in_flight }) => in_flight < 0);
    const reply = (host: ScriptedHost) => {
      const frame = pick(host.frames);
      // Also a second time, or long after it has timed out.
      if (frame !== undefined) host.reply(frame.header.frameIndex, pick(outcomesOfHost), Math.floor(random() * 4));
    };
    const events: readonly (() => void | Promise<void>)[] = [
      ...Array.from({ length: 6 }, () => () => gateway.offer(pick(sessions), offered++)),
      ...Array.from({ length: 4 }, () => () => reply(pick(hosts))),
      () => pick(hosts).report(Math.floor(random() * 4)),
      () => pick(hosts).report(2, { pipelines: { plates: 'f2' } }),
      () => pick(hosts).report(2, { isLeaving: true }),
      () => pick(hosts).channel.setConnected(random() < 0.6),
      () => gateway.channel.setConnected(random() < 0.8),
      () => gateway.hosts.setPipelines(new Map([['plates', pick(['f1', 'f2'])]]), 1 + Math.floor(random() * 9)),
      () => delivered(),
      () => new Promise((resolve) => setTimeout(resolve, Math.floor(random() * 4))),
    ];
    for (let n = 0; n < eventsPerRound; n++) {
      await pick(events)();
      if (random() < 0.3) await delivered();
      if (isNegative()) t.fail('a host has fewer than no frames', { event: n });
    }
    // Whatever still runs times out; then late replies arrive for all of them.
    await until(() => gateway.outcomes.size === offered && gateway.pool.status().inFlight === 0);
    gateway.channel.setConnected(true);
    for (const host of hosts) {
      host.channel.setConnected(true);
      for (const { header } of host.frames) host.reply(header.frameIndex);
    }
    await delivered();
    t.equal(gateway.outcomes.size, offered);
    t.equal(gateway.hasThrown(), false, 'no frame has a second outcome');
    t.equal(gateway.inFlight(), 0, 'no host has a frame');
    t.equal(gateway.slots.usedBytes, 0, 'no frame is in memory');
    t.match(gateway.pool.status(), { held: 0, inFlight: 0 });
    for (const outcome of gateway.outcomes.values()) {
      const kind = 'reason' in outcome && outcome.type === 'dropped' ? outcome.reason : outcome.type;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
  });

test('every kind of end occurred', async (t) => {
  for (const kind of ['result', 'failed', 'busy', 'host_lost', 'expired']) t.ok((seen.get(kind) ?? 0) > 10, kind);
});
