/** Two gateways behind HAProxy, nginx and Envoy, with the configurations of `deploy`: `make test-long`. */
import tap, { type Test, test } from 'tap';
import { bytesPerMegabyte } from '../../src/settings.ts';
import { freePort } from '../support/free-port.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient, paddedImage } from '../support/jpeg-bytes.ts';
import { needsProxy, type ProxyName, proxyNames, type RunningProxy, startProxy } from '../support/proxies.ts';
import { checkFrames, startRollingCameras } from '../support/rolling-cameras.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

tap.setTimeout(600_000);

const frame = encodeGradient(16, 16);
const frameLimitBytes = 5 * bytesPerMegabyte;

/**
 * HAProxy and Envoy poll `/readyz`, so a gateway that drains accepts streams until they have noticed. nginx sees only that a gateway no
 * longer listens. The first is far more than they need, for slow machines: the test waits for the state in between.
 */
const drainDelayMs: Readonly<Record<ProxyName, { readonly long: number; readonly usual: number }>> = {
  haproxy: { long: 20_000, usual: 3000 },
  nginx: { long: 0, usual: 0 },
  envoy: { long: 20_000, usual: 2000 },
};

/** Few enough sessions that the log has a line for each. */
const openEveryMs = 250;

/**
 * Sessions in a row at the gateway that stays, after which the proxy must have noticed: it prefers the one with fewer, and Envoy, which chooses
 * at random, would be this lucky once in 65,000 times.
 */
const noticedAfter = 8;

interface Site {
  readonly proxy: RunningProxy;
  readonly gateways: readonly [Gateway, Gateway];
  /** Starts the gateway at this place again. */
  restart(place: number): Promise<Gateway>;
}

async function startSite(t: Test, name: ProxyName, env: Record<string, string>): Promise<Site> {
  const ports = [await freePort(), await freePort()] as const;
  const start = async (port: number) => {
    const gateway = await startGateway({ PORT: String(port), TRUSTED_PROXIES: '127.0.0.1', ...env });
    t.teardown(() => gateway.kill());
    return gateway;
  };
  const gateways = [await start(ports[0]), await start(ports[1])] as const;
  const proxy = await startProxy(t, name, [...ports]);
  return { proxy, gateways, restart: (place) => start(ports[place] as number) };
}

const openedAt = ({ log }: Gateway) => log().split('"event":"stream_connect"').length - 1;

/** What clients do, with the code and the message with which their session ends. */
const failures: readonly [string, string, (client: StreamClient) => void, number, string][] = [
  ['no pipeline', '', () => undefined, 1008, 'pipeline_id query parameter is required'],
  ['an unknown pipeline', 'nope', () => undefined, 1008, 'Unknown pipeline_id: nope'],
  ['an invalid frame', 'echo', (client) => client.send(new Uint8Array(100)), 1007, 'Not a valid JPEG image: no SOI'],
  ['a text message', 'echo', (client) => client.send('hello'), 1003, 'Expected binary frame payload'],
  [
    'a frame above the limit',
    'echo',
    (client) => client.send(paddedImage(frameLimitBytes + 1)),
    1009,
    'Frame exceeds 5MB',
  ],
  ['a pipeline that fails', 'failing', (client) => client.send(frame), 1011, 'Test tool failed'],
];

async function checkMessages(t: Test, { proxy, gateways: [direct] }: Site): Promise<void> {
  const client = await StreamClient.open(proxy.streamUrl('echo'));
  t.match(await client.sendUntilStarted(frame), { frame_index: 0, result: { width: 16 } });
  const large = paddedImage(frameLimitBytes);
  t.equal(large.length, frameLimitBytes);
  t.match(await client.sendUntilStarted(large), { result: { width: 64 } });
  await client.close();
  for (const [what, pipelineId, act, code, detail] of failures) {
    const ends: [number, string[]][] = [];
    for (const { streamUrl } of [proxy, direct]) {
      const failing = await StreamClient.open(streamUrl(pipelineId));
      act(failing);
      ends.push([await failing.closed(), failing.texts]);
    }
    t.equal(ends[0]?.[0], code, what);
    t.match(ends[0]?.[1], [detail], what);
    t.strictSame(ends[0], ends[1], `${what}: the same as without a proxy`);
  }
}

async function checkRequests(t: Test, { proxy, gateways: [direct] }: Site): Promise<void> {
  const post = async (url: string, body: Uint8Array, pipelineId: string) => {
    const response = await fetch(`${url}/frames?pipeline_id=${pipelineId}`, {
      method: 'POST',
      body: Buffer.from(body),
    });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
  };
  const large = await post(proxy.url, paddedImage(frameLimitBytes), 'echo');
  t.match(large, { status: 200, body: { result: { width: 64 } } });
  const invalid = new Uint8Array(100);
  for (const pipelineId of ['echo', 'nope', '']) {
    const reply = await post(proxy.url, invalid, pipelineId);
    t.ok(reply.status >= 400 && 'error' in (reply.body as object), pipelineId);
    t.strictSame(reply, await post(direct.httpUrl, invalid, pipelineId), 'the same as without a proxy');
  }
  for (const path of ['/sessions', '/metrics', '/readyz'])
    t.equal((await fetch(`${proxy.url}${path}`)).status, 404, `${path} is not for clients`);
}

/** One session per address and gateway: a third one is refused, whatever address the client claims, and another address is not. */
async function checkAddresses(t: Test, { proxy, gateways }: Site): Promise<void> {
  const [one, other] = ['127.0.0.2', '127.0.0.3'];
  const clients: StreamClient[] = [];
  let refused: StreamClient | undefined;
  for (let number = 1; refused === undefined; number++) {
    const headers = { 'X-Forwarded-For': `192.0.2.${number}` };
    const client = await StreamClient.open(proxy.streamUrl('echo'), headers, one);
    await Promise.race([client.settled(), client.closed()]);
    if (client.closeCode === undefined) clients.push(client);
    else refused = client;
  }
  t.ok(clients.length > 0 && clients.length <= gateways.length, `${clients.length} sessions`);
  t.equal(await refused.closed(), 1013);
  t.match(refused.texts, [/^\{"error":"server_busy",/]);
  clients.push(await StreamClient.open(proxy.streamUrl('echo'), {}, other));
  for (const client of clients) t.match(await client.sendUntilStarted(frame), { result: {} });
  const logs = gateways.map(({ log }) => log()).join('');
  for (const address of [one, other]) t.match(logs, new RegExp(`"event":"stream_connect".*"address":"${address}"`));
  t.notMatch(logs, '192.0.2.');
  for (const client of clients) await client.close();
}

async function checkDrain(t: Test, name: ProxyName, { proxy, gateways: [old, kept] }: Site): Promise<void> {
  const clients: StreamClient[] = [];
  // With names of their own, since the log is limited per camera.
  const open = async () => clients.push(await StreamClient.open(`${proxy.streamUrl('echo')}&camera=${clients.length}`));
  for (let count = 0; count < 6; count++) await open();
  await eventually(
    () => openedAt(old) + openedAt(kept),
    (opened) => opened === 6,
    'all sessions',
  );
  t.ok(openedAt(old) > 0 && openedAt(kept) > 0, 'both have sessions');
  old.signal('SIGTERM');
  if (name === 'nginx')
    await eventually(
      () => isListening(old),
      (listening) => !listening,
      'the end of listening',
    );
  else
    await eventually(
      () => readiness(old),
      ({ status }) => status === 503,
      'a gateway that drains',
    );
  let streak = 0;
  await eventually(
    async () => {
      const before = [openedAt(old), openedAt(kept)];
      await new Promise((resolve) => setTimeout(resolve, openEveryMs));
      await open();
      await eventually(
        () => openedAt(old) + openedAt(kept),
        (now) => now > (before[0] ?? 0) + (before[1] ?? 0),
        'it',
      );
      streak = openedAt(old) === before[0] ? streak + 1 : 0;
      return streak;
    },
    (sessions) => sessions === noticedAfter,
    'sessions at the gateway that stays',
  );
  const [atOld, atKept] = [openedAt(old), openedAt(kept)];
  if (name !== 'nginx') t.equal(await isListening(old), true, 'the proxy noticed before the gateway stopped to listen');
  for (let count = 0; count < 5; count++) await open();
  await eventually(
    () => openedAt(kept),
    (opened) => opened === atKept + 5,
    'new sessions at the gateway that stays',
  );
  t.equal(openedAt(old), atOld, 'none at the one that drains');
  t.strictSame(await old.ended(), { code: 0, signal: null });
  await eventually(
    () => clients.filter(({ closeCode }) => closeCode !== undefined).length,
    (closed) => closed === atOld,
    'moves',
  );
  for (const { closeCode } of clients) if (closeCode !== undefined) t.equal(closeCode, 1001);
  for (const client of clients.filter(({ closeCode }) => closeCode === undefined)) {
    t.match(await client.sendUntilStarted(frame), { result: {} });
    await client.close();
  }
}

function isListening({ httpUrl }: Gateway): Promise<boolean> {
  return fetch(`${httpUrl}/healthz`, { headers: { connection: 'close' } }).then(
    () => true,
    () => false,
  );
}

for (const name of proxyNames) {
  const needs = needsProxy(name);

  test(`${name}: messages, errors and close codes pass unchanged`, needs, async (t) => {
    const site = await startSite(t, name, {});
    await checkMessages(t, site);
    await checkRequests(t, site);
  });

  test(`${name}: limits apply per client, whose address cannot be forged`, needs, async (t) => {
    await checkAddresses(t, await startSite(t, name, { STREAM_MAX_SESSIONS_PER_ADDRESS: '1' }));
  });

  test(`${name}: a gateway that drains gets no new sessions, and its sessions end with 1001`, needs, async (t) => {
    const env = { DRAIN_DELAY_MS: String(drainDelayMs[name].long), DRAIN_SPREAD_MS: '5000' };
    await checkDrain(t, name, await startSite(t, name, env));
  });

  test(`${name}: a rolling restart with 16 cameras accounts for every frame`, needs, async (t) => {
    const env = { DRAIN_DELAY_MS: String(drainDelayMs[name].usual), DRAIN_SPREAD_MS: '2000' };
    const { proxy, gateways, restart } = await startSite(t, name, env);
    const { url, certificateFile } = proxy;
    const plan = { url, certificateFile, pipeline: 'echo', frame, fps: 15, nodeCameras: 12, pythonCameras: 4 };
    const cameras = await startRollingCameras(t, plan);
    await cameras.settled();
    const all = [...gateways];
    for (const [place, old] of gateways.entries()) {
      t.strictSame(await old.stop(), { code: 0, signal: null });
      t.match(old.log(), /"close_code":1001,"close_reason":"shutdown"/);
      await cameras.settled();
      all.push(await restart(place));
      await cameras.settled();
    }
    const reports = await cameras.stop();
    await Promise.all(all.map((gateway) => gateway.stop()));
    checkFrames(t, reports, all);
  });
}
