/** Sessions are asked to move at their age and during a spread shutdown: every frame is answered once, then the connection closes with 1001. */
import { type Test, test } from 'tap';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
/** Several frames arrive while one of the pipeline `slower` runs, which takes a second. */
const sendIntervalMs = 150;

interface Disconnect {
  readonly camera: string;
  readonly ended_by: string;
  readonly close_code: number;
  readonly close_reason: string;
  readonly frames: number;
  readonly results: number;
  readonly drop_reasons: { readonly draining?: number };
}

/** The `stream_disconnect` line of each camera. */
function disconnectsOf(gateway: Gateway): Map<string, Disconnect> {
  const lines = gateway.log().split('\n');
  const ends = lines.filter((line) => line.includes('"event":"stream_disconnect"'));
  return new Map(ends.map((line) => JSON.parse(line) as Disconnect).map((end) => [end.camera, end]));
}

/** Sends at a fixed rate until the connection closes. @returns the number of frames sent. */
async function sendUntilClosed(client: StreamClient): Promise<number> {
  let sent = 0;
  const timer = setInterval(() => {
    client.send(frame);
    sent += 1;
  }, sendIntervalMs);
  await client.closed();
  clearInterval(timer);
  return sent;
}

/** Every index that the gateway received has exactly one reply, the results are in order, and only frames after the close have none. */
function checkReplies(t: Test, client: StreamClient, end: Disconnect | undefined, sent: number): void {
  const indices = client.replies.map((reply) => reply['frame_index'] as number);
  t.strictSame(
    indices.toSorted((a, b) => a - b),
    Array.from({ length: end?.frames ?? -1 }, (_, index) => index),
  );
  const results = client.with('result').map((reply) => reply['frame_index'] as number);
  t.strictSame(
    results,
    results.toSorted((a, b) => a - b),
  );
  t.equal(results.length, end?.results);
  t.ok((end?.frames ?? 0) <= sent);
  t.notOk(client.texts.some((text) => text.includes('slow_down')));
}

test('a session that reaches its age answers what it has, drops the rest, and closes with 1001', async (t) => {
  const gateway = await startGateway({
    ...{ POOL_WORKERS: '2', STREAM_MAX_SESSION_AGE_S: '10', STREAM_MAX_WAIT_MS: '60000' },
    ...{ STREAM_DROP_THRESHOLD: '1', STREAM_SLOWDOWN_THRESHOLD: '1' },
  });
  t.teardown(() => gateway.kill());
  const open = (pipeline: string, camera: string) =>
    StreamClient.open(`${gateway.streamUrl(pipeline)}&camera=${camera}`);
  const cameras = new Map([
    ['busy', await open('slower', 'busy')],
    ['quick', await open('echo', 'quick')],
    ['idle', await open('echo', 'idle')],
  ]);
  const sent = new Map(
    await Promise.all([...cameras].map(async ([name, client]) => [name, await countOf(name, client)] as const)),
  );
  for (const [name, client] of cameras) t.equal(client.closeCode, 1001, name);
  const ends = await eventually(
    async () => disconnectsOf(gateway),
    (found) => found.size === 3,
    'three ended sessions',
  );
  for (const [name, client] of cameras) {
    const end = ends.get(name);
    t.match(end, { ended_by: 'gateway', close_code: 1001, close_reason: 'session age' });
    checkReplies(t, client, end, sent.get(name) ?? 0);
  }
  t.ok((ends.get('busy')?.drop_reasons.draining ?? 0) > 0, 'frames that arrive during the last one are dropped');
  const sessions = (await (await fetch(`${gateway.httpUrl}/sessions`)).json()) as { ended: readonly object[] };
  t.match(sessions.ended, Array(3).fill({ ended_by: 'gateway', close_code: 1001 }));
  t.notOk(sessions.ended.some((session) => 'problem' in session));
});

function countOf(name: string, client: StreamClient): Promise<number> {
  return name === 'idle' ? client.closed().then(() => 0) : sendUntilClosed(client);
}

test('a spread shutdown moves the sessions in the order of their age, and serves those that wait', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', DRAIN_SPREAD_MS: '3000' });
  t.teardown(() => gateway.kill());
  const clients: StreamClient[] = [];
  for (let i = 0; i < 4; i++) clients.push(await StreamClient.open(gateway.streamUrl('echo')));
  const order: number[] = [];
  const closed = clients.map((client, place) => client.closed().then(() => order.push(place)));
  gateway.signal('SIGTERM');
  await closed[0];
  const last = clients[3] as StreamClient;
  t.match(await last.sendUntilStarted(frame), { result: { width: 64 } }, 'a waiting session is served');
  await t.rejects(StreamClient.open(gateway.streamUrl('echo')), /ECONNREFUSED/);
  await Promise.all(closed);
  t.strictSame(order, [0, 1, 2, 3]);
  t.ok(clients.every(({ closeCode }) => closeCode === 1001));
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
  t.match(gateway.log(), /"close_code":1001,"close_reason":"shutdown"/);
});

test('a spread shutdown ends when no session is left, and a second signal ends it at once', async (t) => {
  const [left, killed] = await Promise.all(
    ['1', '2'].map(() => startGateway({ POOL_WORKERS: '1', DRAIN_SPREAD_MS: '3600000' })),
  );
  if (left === undefined || killed === undefined) throw new Error('no gateway');
  t.teardown(() => Promise.all([left.kill(), killed.kill()]));
  const clients = [];
  for (const gateway of [left, left, killed, killed]) clients.push(await StreamClient.open(gateway.streamUrl('echo')));
  const [first, second, third] = clients as [StreamClient, StreamClient, StreamClient, StreamClient];
  for (const gateway of [left, killed]) gateway.signal('SIGTERM');
  t.strictSame([await first.closed(), await third.closed()], [1001, 1001]);
  second.socket.close();
  t.strictSame(await left.ended(), { code: 0, signal: null });
  // A signal within a second counts as the same one.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  killed.signal('SIGTERM');
  t.strictSame(await killed.ended(), { code: null, signal: 'SIGKILL' });
});

test('frames that do not finish within the grace period after a spread are not answered', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1', DRAIN_SPREAD_MS: '200', SHUTDOWN_GRACE_MS: '300' });
  t.teardown(() => gateway.kill());
  const client = await StreamClient.open(gateway.streamUrl('hanging'));
  client.send(frame);
  await eventually(
    () => readiness(gateway),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  gateway.signal('SIGTERM');
  t.equal(await client.closed(), 1001);
  t.strictSame(client.texts, []);
  await gateway.ended();
  t.match(gateway.log(), /"close_reason":"shutdown timeout"/);
});
