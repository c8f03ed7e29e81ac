/** With ADMIN_PORT, the operator's routes are on a listener of their own, which takes no frames and closes last. */
import { connect } from 'node:net';
import { test } from 'tap';
import { freePort } from '../support/free-port.ts';
import { fixtureModels, type Gateway, runCli, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { RawClient } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(64, 48);
const noFrames =
  '{"error":"not_found","detail":"No such resource; this port is for administration and takes no frames"}';

/** The URL of the admin listener in the line `ready`, without the final slash. */
function adminUrlOf(gateway: Gateway): string {
  return /"admin":"(http:\/\/[^"]*)\/".*"msg":"ready"/.exec(gateway.log())?.[1] ?? '';
}

async function startWithAdmin(env: Record<string, string> = {}, limits = {}) {
  const gateway = await startGateway({ POOL_WORKERS: '1', ADMIN_PORT: '0', ...env }, limits);
  const adminUrl = adminUrlOf(gateway);
  return { gateway, adminUrl, admin: { httpUrl: adminUrl, port: Number(new URL(adminUrl).port) } };
}

/** A request on a connection of its own. */
async function ask(url: string, init: RequestInit = {}): Promise<[status: number, body: string]> {
  const response = await fetch(url, { ...init, headers: { connection: 'close', ...init.headers } });
  return [response.status, await response.text()];
}

/** Sends bytes and reads until the gateway closes. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text));
    socket.on('data', (piece) => {
      received += piece;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(received));
  });
}

test('the routes of each listener', async (t) => {
  const { gateway, adminUrl } = await startWithAdmin();
  t.teardown(() => gateway.kill());
  t.not(new URL(adminUrl).port, String(gateway.port), 'a free port of its own');
  t.strictSame(await ask(`${gateway.httpUrl}/readyz`), [200, '{"ready":true}']);
  for (const path of ['/sessions', '/metrics', '/v1/sessions', '/sessions/']) {
    const [status, body] = await ask(`${gateway.httpUrl}${path}`);
    t.strictSame([status, body], [404, '{"error":"not_found","detail":"No such resource"}'], path);
  }
  const [status, details] = await ask(`${adminUrl}/readyz`);
  t.equal(status, 200);
  t.match(JSON.parse(details), { ready: true, draining: false, pool: { size: 1 }, version: String });
  t.match(JSON.parse((await ask(`${adminUrl}/sessions`))[1]), { sessions: [], ended: [] });
  for (const url of [gateway.httpUrl, adminUrl]) {
    t.strictSame(await ask(`${url}/healthz`), [200, '{"status":"ok"}']);
    t.match(await ask(`${url}/pipelines`), [200, /"id":"echo"/]);
    t.match(await ask(`${url}/`), [200, /<!doctype html>/i]);
  }
});

test('without ADMIN_PORT, everything is on the main listener', async (t) => {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => gateway.kill());
  t.equal((await ask(`${gateway.httpUrl}/sessions`))[0], 200);
  t.match(await readiness(gateway), { ready: true, pool: { size: 1 } });
  t.notMatch(gateway.log(), /"admin"/);
});

test('the admin listener takes no stream and no frames, and shows the sessions of the main one', async (t) => {
  const { gateway, adminUrl, admin } = await startWithAdmin();
  t.teardown(() => gateway.kill());
  await t.rejects(
    StreamClient.open(gateway.streamUrl('echo').replace(String(gateway.port), String(admin.port))),
    /404/,
  );
  const post = { method: 'POST', body: new Uint8Array(frame) };
  t.strictSame(await ask(`${adminUrl}/frames?pipeline_id=echo`, post), [404, noFrames]);
  t.strictSame(await ask(`${adminUrl}/frames`), [404, noFrames]);
  t.strictSame(await ask(`${adminUrl}/ws/video/stream`), [404, noFrames]);
  t.match(await ask(`${adminUrl}/readyz`, post), [405, /method_not_allowed/]);
  const camera = await StreamClient.open(`${gateway.streamUrl('echo')}&camera=gate`);
  await camera.sendUntilStarted(frame);
  const { sessions } = JSON.parse((await ask(`${adminUrl}/sessions`))[1]);
  t.match(sessions, [{ camera: 'gate', pipeline: 'echo' }]);
  await camera.close();
});

test('nothing can be smuggled past a proxy in a body that the admin listener does not read', async (t) => {
  const { gateway, admin } = await startWithAdmin();
  t.teardown(() => gateway.kill());
  const smuggled = 'GET /sessions HTTP/1.1\r\nHost: s\r\n\r\n';
  const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
  for (const [headers, body] of [
    [`Content-Length: ${smuggled.length}`, smuggled],
    ['Transfer-Encoding: chunked', `${chunk}${smuggled}`],
  ] as const) {
    const received = await exchange(admin.port, `POST /frames HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`);
    t.notMatch(received, /"sessions"/, headers);
    t.ok(received === '' || received.endsWith(noFrames), received);
  }
});

test('the limits of requests hold on the admin port', async (t) => {
  const { gateway, admin } = await startWithAdmin({ UWS_HTTP_MAX_HEADERS_SIZE: '1024' });
  t.teardown(() => gateway.kill());
  const long = `GET /readyz HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(2000)}\r\n\r\n`;
  t.match(await exchange(admin.port, long), /^HTTP\/1\.1 431 /);
  t.match(await exchange(admin.port, 'GET /readyz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), /^HTTP\/1\.1 400 /);
  t.equal(await exchange(admin.port, 'GET /readyz HTTP/1.1\r\nHost: a\r\nx'), '', 'an incomplete request is cut');
});

test('a flood of connections on one listener does not lock out the clients of the other', async (t) => {
  const limit = 200;
  const { gateway, adminUrl, admin } = await startWithAdmin({}, { openFiles: limit });
  t.teardown(() => gateway.kill());
  const flood = async (target: Pick<Gateway, 'port'>, whileFull: () => Promise<unknown>) => {
    const clients: RawClient[] = [];
    for (let i = 0; i < limit; i++) clients.push(await RawClient.connect(target));
    await eventually(
      () => clients.filter(({ socket }) => socket.closed).length,
      (closed) => closed > 0,
      'excess connections are closed',
    );
    await whileFull();
    for (const { socket } of clients) socket.destroy();
  };
  await flood(admin, async () => t.strictSame(await ask(`${gateway.httpUrl}/readyz`), [200, '{"ready":true}']));
  t.match(gateway.log(), /admin connection closed; too many are open/);
  t.notMatch(gateway.log(), /no file descriptors left/);
  await flood(gateway, async () => t.match(await ask(`${adminUrl}/readyz`), [200, /"pool"/]));
  t.match(gateway.log(), /no file descriptors left/);
});

test('the admin listener reports the drain until the end, while the main one no longer listens', async (t) => {
  const { gateway, adminUrl, admin } = await startWithAdmin();
  t.teardown(() => gateway.kill());
  const client = await StreamClient.open(gateway.streamUrl('slower'));
  client.send(frame);
  await eventually(
    () => readiness(admin),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  gateway.signal('SIGTERM');
  await eventually(
    () => readiness(admin),
    ({ status, draining, ready }) => status === 503 && draining && !ready,
    'a drain',
  );
  await t.rejects(ask(`${gateway.httpUrl}/readyz`));
  t.equal((await ask(`${adminUrl}/sessions`))[0], 200);
  t.equal(await client.closed(), 1001);
  t.strictSame(await gateway.ended(), { code: 0, signal: null });
  await t.rejects(ask(`${adminUrl}/readyz`));
});

test('an open connection to the admin port does not delay the exit', async (t) => {
  const { gateway, admin } = await startWithAdmin();
  t.teardown(() => gateway.kill());
  const client = await RawClient.connect(admin);
  t.teardown(() => client.socket.destroy());
  t.strictSame(await gateway.stop(), { code: 0, signal: null });
});

test('an IPv6 address, and all addresses', async (t) => {
  for (const [host, shown] of [
    ['::', '[::1]'],
    ['::1', '[::1]'],
    ['0.0.0.0', '127.0.0.1'],
  ] as const) {
    const { gateway, adminUrl } = await startWithAdmin({ ADMIN_HOST: host });
    t.teardown(() => gateway.kill());
    t.match(adminUrl, `http://${shown}:`);
    t.match(await ask(`${adminUrl}/readyz`), [200, /"pool"/], host);
    await gateway.kill();
  }
});

test('an admin port in use is one clear line, exit code 1, and no client is accepted', async (t) => {
  const { gateway: first, admin } = await startWithAdmin();
  t.teardown(() => first.kill());
  const port = await freePort();
  const env = { PORT: String(port), MODELS_DIR: fixtureModels, POOL_WORKERS: '1', LOG_LEVEL: 'fatal' };
  const inUse = await runCli(['serve', '--admin-port', String(admin.port)], env);
  t.match(inUse, { code: 1, stderr: `framegate: cannot listen on 127.0.0.1:${admin.port}; port already in use\n` });
  const mainInUse = await runCli(['serve', '--admin-port', '0'], { ...env, PORT: String(first.port) });
  t.match(mainInUse, { code: 1, stderr: `framegate: cannot listen on 127.0.0.1:${first.port}; port already in use\n` });
  const noAddress = await runCli(['serve', '--admin-port', '0', '--admin-host', '203.0.113.1'], env);
  t.match(noAddress, { code: 1, stderr: /^framegate: cannot listen on 203\.0\.113\.1:0; this machine has no such/ });
  const same = await runCli(['serve', '--admin-port', String(port)], env);
  t.match(same, { code: 2, stderr: /^framegate: ADMIN_PORT must not be the same as PORT/ });
  const alone = await runCli(['serve', '--admin-host', '127.0.0.1'], env);
  t.match(alone, { code: 2, stderr: /^framegate: ADMIN_HOST needs ADMIN_PORT/ });
});
