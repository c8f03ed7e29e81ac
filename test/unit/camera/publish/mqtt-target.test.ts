/** The MQTT target with a broker that the test plays: what is sent again, what is refused, and how it ends. */
import { type Test, test } from 'tap';
import { EventReader } from '../../../../src/camera/publish/event-reader.ts';
import type {
  MqttListeners,
  MqttMessage,
  MqttVersion,
  PublishOutcome,
} from '../../../../src/camera/publish/mqtt-connection.ts';
import { MqttTarget } from '../../../../src/camera/publish/mqtt-target.ts';
import type { TargetNotice } from '../../../../src/camera/publish/target.ts';
import { Topics } from '../../../../src/camera/publish/topics.ts';
import { eventually } from '../../../support/camera-run.ts';

interface Sent extends MqttMessage {
  readonly answer: (outcome: PublishOutcome) => void;
}

/** Each connection attempt of a target, which the test opens, answers and closes. */
class PlayedConnection {
  readonly version: MqttVersion;
  readonly sent: Sent[] = [];
  readonly #listeners: MqttListeners;
  hasEnded = false;
  isDestroyed = false;

  constructor(version: MqttVersion, listeners: MqttListeners) {
    this.version = version;
    this.#listeners = listeners;
  }

  open(window = 16): void {
    this.#listeners.onOpen({
      window,
      publish: (message, answer) => this.sent.push({ ...message, answer }),
      end: () => {
        this.hasEnded = true;
        this.close('ended');
      },
    });
  }

  close(detail?: string, isOldBroker = false): void {
    this.#listeners.onClose(detail, isOldBroker);
  }

  /** Messages that are no events. */
  get retained(): Sent[] {
    return this.sent.filter(({ retain }) => retain);
  }

  get events(): Sent[] {
    return this.sent.filter(({ retain }) => !retain);
  }

  /** Acknowledges everything, also what is sent because of it. */
  acknowledge(): void {
    for (const { answer } of this.sent) answer('acknowledged');
  }
}

function targetOf(t: Test, hasDiscovery = false) {
  const connections: PlayedConnection[] = [];
  const notices: TargetNotice[] = [];
  const topics = new Topics('p', ['gate']);
  const target = new MqttTarget({
    name: 'broker',
    broker: { host: 'h', port: 1, usesTls: false, tls: {}, user: undefined, password: undefined },
    topics,
    discovery: hasDiscovery ? { prefix: 'ha', topics, version: '1' } : undefined,
    cameras: ['gate'],
    open: (_, version, listeners) => {
      const connection = new PlayedConnection(version, listeners);
      connections.push(connection);
      return (detail) => {
        connection.isDestroyed = true;
        connection.close(detail);
      };
    },
    onNotice: (notice) => notices.push(notice),
  });
  t.teardown(() => target.close(0));
  const reader = new EventReader('gate');
  const publish = (...types: string[]) => {
    for (const event of reader.read({ events: types.map((type) => ({ type })) }, 0).events) target.publish(event);
  };
  const latest = () => connections.at(-1) as PlayedConnection;
  return { target, connections, notices, publish, latest, topics };
}

const typesOf = (sent: readonly Sent[]) => sent.map(({ payload }) => (JSON.parse(payload) as { type: string }).type);

test('availability comes first, and in ordinary operation one event at a time is unacknowledged', async (t) => {
  const { target, publish, latest, topics } = targetOf(t);
  publish('a', 'b', 'c');
  t.equal(target.state, 'connecting');
  latest().open();
  t.match(latest().sent[0], { topic: topics.bridgeAvailability, payload: 'online', retain: true });
  t.strictSame(typesOf(latest().events), ['a']);
  t.equal(latest().events[0]?.topic, 'p/camera/gate/event/a');
  latest().acknowledge();
  t.strictSame(typesOf(latest().events), ['a', 'b', 'c']);
  t.strictSame(target.counts, { published: 3, waiting: 0, lost: 0 });
  t.equal(target.state, 'connected');
});

test('a long backlog is sent with more unacknowledged events, up to what the broker takes', async (t) => {
  const { publish, latest } = targetOf(t);
  publish(...Array.from({ length: 200 }, (_, index) => `e${index}`));
  latest().open(5);
  for (const { answer } of latest().retained) answer('acknowledged');
  t.equal(latest().events.length, 5);
  latest().acknowledge();
  t.equal(latest().events.length, 200);
});

test('after an outage, what was not acknowledged is sent again, in order, with the same text', async (t) => {
  const { target, connections, notices, publish, latest } = targetOf(t);
  publish('a', 'b');
  const first = latest();
  first.open();
  for (const { answer } of first.retained) answer('acknowledged');
  first.events[0]?.answer('acknowledged');
  first.close('connection lost');
  t.equal(target.state, 'away');
  publish('c');
  await eventually('the next connection', () => connections.length === 2);
  latest().open();
  first.events[1]?.answer('acknowledged');
  t.equal(target.counts.waiting, 2, 'a late answer of the old connection is void');
  latest().acknowledge();
  t.strictSame(typesOf(latest().events), ['b', 'c']);
  t.equal(latest().events[0]?.payload, first.events[1]?.payload);
  t.match(notices, [
    { type: 'connected' },
    { type: 'away', detail: 'connection lost; events wait' },
    { type: 'back', detail: /^works again after \d+\.\d s; 0 events were lost$/ },
  ]);
  t.strictSame(target.counts, { published: 3, waiting: 0, lost: 0 });
});

test('events that the broker refuses are lost, and said once; the next message says how many', async (t) => {
  const { target, notices, publish, latest } = targetOf(t);
  latest().open();
  latest().acknowledge();
  publish('a', 'b', 'c');
  for (const index of [0, 1]) latest().events[index]?.answer({ refused: 'the broker says: Not authorized' });
  latest().acknowledge();
  t.strictSame(target.counts, { published: 1, waiting: 0, lost: 2 });
  t.equal(JSON.parse(latest().events.at(-1)?.payload ?? '').lost_before, 2);
  t.match(notices.slice(1), [{ type: 'lost', detail: '1 event was lost: the broker says: Not authorized' }]);
});

test('a refused retained topic is said once per reason', async (t) => {
  const { target, notices, latest } = targetOf(t);
  latest().open();
  target.count('gate', { a: { in: {}, out: {} } });
  await eventually('the counts', () => latest().retained.length === 4);
  for (const { answer } of latest().retained) answer({ refused: 'the broker says: Not authorized' });
  t.match(notices.slice(1), [
    { type: 'warning', detail: /^p\/bridge\/.* was refused: the broker says: Not authorized$/ },
  ]);
});

test('counts are published at most once a round, with their sensors before them', async (t) => {
  const { target, latest } = targetOf(t, true);
  latest().open();
  latest().acknowledge();
  for (let car = 0; car < 100; car++) target.count('gate', { main: { in: { car } } });
  await eventually('the counts', () => latest().retained.some(({ topic }) => topic.endsWith('/in')));
  const after = latest().retained.slice(2);
  t.match(after, [
    { topic: /^ha\/sensor\/framegate_\w+\/config$/ },
    { topic: 'p/camera/gate/counts/main/in', payload: '{"total":99,"labels":{"car":99}}' },
  ]);
  t.equal(after.length, 2);
});

test('the last text is kept, and announced when there is one', async (t) => {
  const { target, latest } = targetOf(t, true);
  latest().open();
  latest().acknowledge();
  const [event] = new EventReader('gate').read({ events: [{ type: 'text', text: 'AB123' }] }, 0).events;
  if (event !== undefined) target.publish(event);
  await eventually('the text', () => latest().retained.some(({ topic }) => topic.endsWith('/last_text')));
  t.match(JSON.parse(latest().retained.at(-1)?.payload ?? ''), { text: 'AB123', id: event?.id });
  t.match(latest().retained.at(-2), { topic: /^ha\// });
});

test('zones that change with every frame are said once', async (t) => {
  const { target, notices } = targetOf(t);
  for (let frame = 0; frame < 200; frame++) target.count('gate', { [`z${frame}`]: { in: {} } });
  t.strictSame(notices, [
    { type: 'warning', detail: 'gate has too many zones, or very long names; the others are published' },
  ]);
});

test('a broker that speaks only MQTT 3.1.1 is asked again with it, without a word', async (t) => {
  const { connections, notices, latest } = targetOf(t);
  t.equal(latest().version, 5);
  latest().close('Unsupported Protocol Version', true);
  await eventually('the next connection', () => connections.length === 2);
  t.equal(latest().version, 4);
  latest().open();
  t.strictSame(notices, [{ type: 'connected' }]);
});

test('a broker that closes again and again without a reason leads to a hint', async (t) => {
  const { connections, notices, latest } = targetOf(t);
  for (const count of [1, 2]) {
    await eventually('the connection', () => connections.length === count);
    latest().open();
    latest().close();
  }
  t.match(
    notices.filter(({ type }) => type === 'away'),
    [
      { detail: 'the broker closed the connection; events wait' },
      {
        detail:
          /^the broker closed the connection again, as it does if another bridge has the same cameras and prefix;/,
      },
    ],
  );
});

test('a full buffer loses the oldest events, and says so', async (t) => {
  const { target, notices, publish } = targetOf(t);
  for (let batch = 0; batch < 11; batch++) publish(...Array.from({ length: 1000 }, () => 'a'));
  t.strictSame(target.counts, { published: 0, waiting: 10_000, lost: 1000 });
  t.strictSame(notices, [{ type: 'lost', detail: '1 event was lost: the buffer is full' }]);
});

test('at the end, what waits is delivered, everything is offline, and the connection ends in an orderly way', async (t) => {
  const { target, publish, latest } = targetOf(t);
  latest().open();
  latest().acknowledge();
  publish('a');
  const closed = target.close(5000);
  latest().acknowledge();
  await eventually('the last messages', () => {
    latest().acknowledge();
    return latest().hasEnded;
  });
  await closed;
  t.strictSame(
    latest()
      .retained.slice(-1)
      .map(({ payload }) => payload),
    ['offline'],
  );
  t.strictSame(target.counts, { published: 1, waiting: 0, lost: 0 });
});

test('a broker that does not answer at the end gets no orderly end, so that it publishes the will', async (t) => {
  const { target, publish, latest, connections } = targetOf(t);
  latest().open();
  publish('a');
  await target.close(50);
  t.notOk(latest().hasEnded);
  t.ok(latest().isDestroyed);
  t.strictSame(target.counts, { published: 0, waiting: 1, lost: 0 });
  t.equal(connections.length, 1, 'no further attempt');
});

test('a target that is away gets one last attempt at the end, if something waits', async (t) => {
  const { target, publish, connections, latest } = targetOf(t);
  publish('a');
  latest().close('refused');
  const closed = target.close(5000);
  t.equal(connections.length, 2, 'at once, not after the back-off');
  latest().open();
  await eventually('the end', () => {
    latest().acknowledge();
    return latest().hasEnded;
  });
  await closed;
  t.equal(target.counts.published, 1);
});
