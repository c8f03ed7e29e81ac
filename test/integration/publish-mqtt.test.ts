/** Events at a real mosquitto: crashes in the middle, TLS, passwords, and permissions. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { EventReader } from '../../src/camera/publish/event-reader.ts';
import { openTarget } from '../../src/camera/publish/open-target.ts';
import type { TargetNotice, TargetPlan } from '../../src/camera/publish/target.ts';
import { eventually } from '../support/camera-run.ts';
import { makeCertificate } from '../support/certificate.ts';
import { type Mosquitto, needsMosquitto, type Received, startMosquitto, subscribe } from '../support/mosquitto.ts';

async function targetAt(t: Test, url: string, plan: Partial<TargetPlan> = {}, cameras = ['gate']) {
  const notices: TargetNotice[] = [];
  const target = await openTarget({
    plan: { kind: 'mqtt', url: new URL(url), shown: 'broker', tls: {}, ...plan },
    ...{ cameras, version: '1.2.3', onNotice: (notice: TargetNotice) => notices.push(notice) },
  });
  t.teardown(() => target.close(0));
  const reader = new EventReader('gate');
  let number = 0;
  const publish = (event: object = {}) => {
    const given = { type: 'cross', number: number++, ...event };
    for (const read of reader.read({ events: [given] }, 0).events) target.publish(read);
  };
  return { target, notices, publish, sent: () => number };
}

const numbersOf = (received: readonly Received[]) =>
  received.map(({ payload }) => (JSON.parse(payload) as { number: number }).number);

test('a subscriber gets each event, and one that comes later the retained topics', needsMosquitto, async (t) => {
  const broker = await startMosquitto(t);
  const early = await subscribe(t, broker, 'site/camera/+/event/#');
  const { target, publish } = await targetAt(t, `mqtt://127.0.0.1:${broker.port}/site`, { discovery: 'homeassistant' });
  target.setOnline?.('gate', true);
  target.count?.('gate', { 'in/out': { in: { car: 3 } } });
  publish({ text: 'AB123' });
  publish({ type: 'a/#b' });
  await eventually('the events', () => early.length === 2);
  t.strictSame(
    early.map(({ topic, isRetained }) => [topic, isRetained]),
    [
      ['site/camera/gate/event/cross', false],
      ['site/camera/gate/event/a%2F%23b', false],
    ],
  );
  await target.close(5000);
  const all = await subscribe(t, broker);
  await eventually('all retained topics', () => all.length >= 6);
  const byTopic = new Map(all.map(({ topic, payload }) => [topic, payload]));
  t.equal(byTopic.get('site/camera/gate/availability'), 'offline');
  t.equal(byTopic.get('site/camera/gate/counts/in%2Fout/in'), '{"total":3,"labels":{"car":3}}');
  t.match(JSON.parse(byTopic.get('site/camera/gate/last_text') ?? '{}'), { text: 'AB123' });
  t.equal([...byTopic.keys()].filter((topic) => topic.startsWith('homeassistant/sensor/')).length, 2);
  const bridge = [...byTopic].find(([topic]) => topic.startsWith('site/bridge/'));
  t.equal(bridge?.[1], 'offline');
  t.ok(all.every(({ isRetained }) => isRetained));
});

/** Saves its subscribers and their sessions now, so that they outlive a crash; it would otherwise do so every half an hour. */
async function saveSessions(broker: Mosquitto, folder: string): Promise<void> {
  broker.signal('SIGUSR1');
  await eventually('the saved sessions', () => existsSync(join(folder, 'mosquitto.db')));
}

const kills = 2;
/** Events that the bridge sends before the first of them is acknowledged. */
const onTheirWay = 16;

test(
  'a broker that is killed while events flow gets all of them, and a subscriber sees none twice',
  needsMosquitto,
  async (t) => {
    const folder = t.testdir();
    const broker = await startMosquitto(t, [
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${folder}/`,
      'autosave_interval 3600',
      'max_queued_messages 0',
    ]);
    const received = await subscribe(t, broker, 'framegate/camera/+/event/#', { clean: false, clientId: 'subscriber' });
    await saveSessions(broker, folder);
    const { target, notices, publish, sent } = await targetAt(t, `mqtt://127.0.0.1:${broker.port}`);
    const timer = setInterval(publish, 2);
    t.teardown(() => clearInterval(timer));
    for (let round = 1; round <= kills; round++) {
      await eventually('events', () => numbersOf(received).at(-1) === sent() - 1 || received.length > 100 * round);
      await broker.kill();
      await eventually('the outage', () => target.state === 'away');
      await sleep(50);
      await broker.start();
      await eventually('the connection', () => target.state === 'connected');
    }
    await eventually('more events', () => received.length > 500);
    clearInterval(timer);
    await eventually('all events', () => target.counts.waiting === 0);
    await eventually('the last event', () => numbersOf(received).includes(sent() - 1));
    t.strictSame(target.counts, { published: sent(), waiting: 0, lost: 0 });
    // What the guide tells receivers to do. Only an event that was on its way when the broker was killed can come twice, or never: the
    // broker may have acknowledged it and not yet passed it on.
    const byId = new Map(received.map(({ payload }) => [(JSON.parse(payload) as { id: string }).id, payload]));
    const twice = received.length - byId.size;
    t.comment(`${received.length} messages, ${twice} of them repeated`);
    t.ok(twice <= kills * onTheirWay);
    const numbers = [...byId.values()].map((payload) => (JSON.parse(payload) as { number: number }).number);
    t.strictSame(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
      'after dropping known ids: each event once, and in order',
    );
    t.comment(`${sent() - numbers.length} events were lost in the broker`);
    t.ok(sent() - numbers.length <= kills * onTheirWay);
    t.equal(notices.filter(({ type }) => type === 'back').length, kills);
  },
);

function makeAuthority(t: Test) {
  const folder = t.testdir();
  const server = makeCertificate(folder, 'broker');
  const client = makeCertificate(folder, 'client');
  return { folder, server, client, read: (file: string) => readFileSync(file, 'utf8') };
}

const refusedLines = (notices: readonly TargetNotice[]) =>
  notices.flatMap((notice) => (notice.type === 'away' ? [notice.detail] : []));

test('TLS with an own authority, a client certificate, and a password', needsMosquitto, async (t) => {
  const { folder, server, client, read } = makeAuthority(t);
  const passwords = join(folder, 'passwords');
  writeFileSync(passwords, '');
  execFileSync('mosquitto_passwd', ['-b', passwords, 'cam', 'a pässword: #1'], { stdio: 'ignore' });
  const tls = [`cafile ${client.certFile}`, `certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
  const broker = await startMosquitto(t, [
    ...tls,
    'require_certificate true',
    'allow_anonymous false',
    `password_file ${passwords}`,
  ]);
  const url = `mqtts://cam@localhost:${broker.port}`;
  const pair = { cert: read(client.certFile), key: read(client.keyFile) };
  const all = { tls: { ...pair, ca: read(server.certFile) }, password: 'a pässword: #1' };
  const { target, publish } = await targetAt(t, url, all);
  publish();
  await eventually('the event', () => target.counts.published === 1);
  await target.close(5000);
  for (const [what, plan, reason] of [
    ['no authority', { ...all, tls: pair }, /self-signed certificate/],
    ['another authority', { ...all, tls: { ...pair, ca: read(client.certFile) } }, /self-signed certificate/],
    ['no client certificate', { ...all, tls: { ca: all.tls.ca } }, /alert|closed|ECONNRESET|EPIPE/],
    ['a wrong password', { ...all, password: 'wrong' }, /the broker says: (Not authorized|Bad User Name or Password)/],
    ['no password', { tls: all.tls }, /the broker says: (Not authorized|Bad User Name or Password)/],
  ] as const) {
    const refused = await targetAt(t, url, plan);
    await eventually(what, () => refusedLines(refused.notices).length > 0);
    t.match(refusedLines(refused.notices)[0], reason, what);
    await refused.target.close(0);
  }
  t.notMatch(broker.log(), 'wrong', 'the password is not in clear text anywhere');
});

test('a topic that the broker refuses is said, with its reason', needsMosquitto, async (t) => {
  const acl = join(t.testdir(), 'acl');
  writeFileSync(acl, 'topic readwrite framegate/bridge/#\ntopic readwrite framegate/camera/gate/event/cross\n');
  const broker = await startMosquitto(t, ['allow_anonymous true', `acl_file ${acl}`]);
  const { target, notices, publish } = await targetAt(t, `mqtt://127.0.0.1:${broker.port}`);
  publish();
  publish({ type: 'dwell' });
  publish();
  await eventually('the events', () => target.counts.waiting === 0);
  t.strictSame(target.counts, { published: 2, waiting: 0, lost: 1 });
  const said = notices.map((notice) => ('detail' in notice ? notice.detail : notice.type)).sort();
  t.strictSame(said, [
    '1 event was lost: the broker says: Not authorized',
    'connected',
    'framegate/camera/gate/availability was refused: the broker says: Not authorized',
  ]);
});

test(
  'a second bridge with the same cameras takes over the connection, and the first says so',
  needsMosquitto,
  async (t) => {
    const broker = await startMosquitto(t);
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const first = await targetAt(t, url);
    await eventually('the connection', () => first.target.state === 'connected');
    await targetAt(t, url);
    await eventually('the end of the first', () => refusedLines(first.notices).length > 0);
    // Newer ones than Debian's say that the session was taken over.
    t.match(
      refusedLines(first.notices)[0],
      /^the broker (closed the connection|says: Session taken over); events wait$/,
    );
    const other = await targetAt(t, url, {}, ['gate', 'yard']);
    await eventually('another bridge', () => other.target.state === 'connected');
    t.strictSame(refusedLines(other.notices), []);
  },
);

test('a broker that hangs does not hold up the end', needsMosquitto, async (t) => {
  const broker = await startMosquitto(t);
  const { target, publish } = await targetAt(t, `mqtt://127.0.0.1:${broker.port}`);
  await eventually('the connection', () => target.state === 'connected');
  broker.signal('SIGSTOP');
  publish();
  await target.close(100);
  t.equal(target.counts.waiting, 1);
  broker.signal('SIGCONT');
  const availability = await subscribe(t, broker, 'framegate/bridge/+/availability');
  await eventually('the will', () => availability.at(-1)?.payload === 'offline');
});
