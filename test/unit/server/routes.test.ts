/** Plain HTTP routes without a server: readiness with workers of different setups, methods, unknown paths, upgrades. */

import { BlockList } from 'node:net';
import { test } from 'tap';
import { Observers } from '../../../src/observe/observer.ts';
import type { WorkerReport } from '../../../src/pool/messages.ts';
import type { PoolStatus } from '../../../src/pool/pool-status.ts';
import type { Zone } from '../../../src/protocol.ts';
import { PlainAccess } from '../../../src/server/plain-access.ts';
import { jsonReply } from '../../../src/server/respond.ts';
import { type ListenerRole, type Route, registerRoutes } from '../../../src/server/routes.ts';
import type { ReloadStatus } from '../../../src/status.ts';
import { fakeRequest } from '../../support/fake-request.ts';
import { FakeApp } from '../../support/fake-uws.ts';
import { openAccess } from '../../support/open-access.ts';
import { KeptLog } from '../../support/started-pool.ts';

const status: PoolStatus = {
  ...{ size: 3, ready: 3, busy: 0, timedOut: 0, inFlight: 0, held: 0, frameBytes: 0, sessions: 0, generation: 1 },
  pipelines: ['plates'],
  reports: [],
  hosts: [],
  engines: [],
};

const zones: readonly Zone[] = [
  {
    name: 'yard',
    area: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
  },
  {
    name: 'gate',
    line: [
      [0, 0.5],
      [1, 0.5],
    ],
  },
];
const pipelines = new Map(
  ['plates', 'pages'].map((id) => [
    id,
    { id, name: `Name of ${id}`, description: '', zones: id === 'plates' ? zones : [], maxPixels: 1 },
  ]),
);
const reloads: ReloadStatus = { succeeded: 2, failed: 1, issues: ['plates.json: is not JSON'] };

const access = new PlainAccess({
  authorizer: openAccess,
  observer: new Observers(),
  trustedProxies: new BlockList(),
});

function routesOf(changes: Partial<PoolStatus> = {}, isDraining = false, role: ListenerRole = 'all') {
  const app = new FakeApp();
  const kept = new KeptLog();
  const pool = { status: () => ({ ...status, ...changes }) };
  const lifecycle = { isDraining: () => isDraining, reloads: () => reloads };
  const admin = new Map<string, Route>([
    ['/now', () => jsonReply('200 OK', '"now"')],
    ['/later', async () => jsonReply('200 OK', '"later"')],
    ['/broken', () => Promise.reject(new Error('cannot be read'))],
  ]);
  registerRoutes(app.app, {
    ...{ role, pool, pipelines, access, admin, lifecycle },
    pages: new Map(),
    needsToken: false,
    log: kept.log,
    version: '1.2.3',
  });
  const ask = (line: string, headers: readonly string[] = []) =>
    app.handle('any /*', fakeRequest(line, ['host: gate', ...headers]));
  return { app, kept, ask };
}

const withProvider = (provider: string): WorkerReport => ({
  decoder: 'jpeg-turbo',
  models: [{ name: 'plate-yolo', provider }],
});

test('workers that fell back to another provider are reported apart, each setup with its number', async (t) => {
  const reports = ['cuda', 'cpu', 'cuda'].map(withProvider);
  const { status: line, body } = routesOf({ reports }).ask('GET /readyz');
  t.equal(line, '200 OK');
  t.strictSame(JSON.parse(body ?? ''), {
    hosts: [],
    ...{
      ready: true,
      degraded: false,
      draining: false,
      generation: 1,
      reloads,
      pipelines: ['plates'],
      version: '1.2.3',
    },
    pool: { size: 3, ready: 3, busy: 0, timedOut: 0, inFlight: 0, held: 0, frameBytes: 0, sessions: 0 },
    setups: [
      { workers: 2, decoder: 'jpeg-turbo', models: [{ name: 'plate-yolo', provider: 'cuda' }] },
      { workers: 1, decoder: 'jpeg-turbo', models: [{ name: 'plate-yolo', provider: 'cpu' }] },
    ],
  });
});

test('workers with different decoders or models have different setups', async (t) => {
  const reports = [withProvider('cpu'), { decoder: 'jpeg-js', models: [] }, { decoder: 'jpeg-js', models: [] }];
  const { setups } = JSON.parse(routesOf({ reports }).ask('GET /readyz').body ?? '');
  t.match(setups, [
    { workers: 1, decoder: 'jpeg-turbo' },
    { workers: 2, decoder: 'jpeg-js' },
  ]);
});

test('one ready worker is enough, without any or while draining the status is 503', async (t) => {
  const cases = [
    [{ ready: 1 }, false, '200 OK', { ready: true, degraded: true, draining: false }],
    [{ ready: 0 }, false, '503 Service Unavailable', { ready: false, degraded: true, draining: false }],
    [{ ready: 3 }, true, '503 Service Unavailable', { ready: false, degraded: false, draining: true }],
  ] as const;
  for (const [changes, isDraining, line, expected] of cases) {
    const reply = routesOf(changes, isDraining).ask('GET /readyz');
    t.equal(reply.status, line);
    t.match(JSON.parse(reply.body ?? ''), expected);
  }
});

test('/pipelines shows which pipelines are loaded, and the zones of those that have some', async (t) => {
  t.strictSame(JSON.parse(routesOf().ask('GET /pipelines').body ?? ''), {
    pipelines: [
      { id: 'plates', name: 'Name of plates', description: '', loaded: true, zones },
      { id: 'pages', name: 'Name of pages', description: '', loaded: false },
    ],
  });
});

test('other methods, paths, and upgrades get their error', async (t) => {
  const { ask, app } = routesOf();
  t.match(ask('DELETE /readyz'), { status: '405 Method Not Allowed', headers: { Allow: 'GET, HEAD' } });
  t.match(ask('GET /nowhere'), { status: '404 Not Found', body: /"No such resource"/ });
  t.match(ask('GET /v1/readyz'), { body: /did you mean \/readyz\?/ });
  t.match(ask('GET /ws/video/stream'), { status: '426 Upgrade Required', headers: { Upgrade: 'websocket' } });
  const upgrade = ['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
  t.match(ask('GET /healthz', upgrade), { status: '404 Not Found', body: /did you mean \/ws\/video\/stream\?/ });
  t.match(app.handle('any /frames', fakeRequest('GET /frames', ['host: gate'])), {
    status: '405 Method Not Allowed',
    headers: { Allow: 'POST' },
  });
});

test('with an admin listener, clients learn only whether the gateway is ready', async (t) => {
  for (const [isDraining, line] of [
    [false, '200 OK'],
    [true, '503 Service Unavailable'],
  ] as const) {
    const { ask } = routesOf({}, isDraining, 'client');
    t.match(ask('GET /readyz'), { status: line, body: `{"ready":${!isDraining}}` });
    t.match(ask('GET /now'), { status: '404 Not Found', body: /"No such resource"/ });
    t.match(ask('GET /v1/now'), { body: /"No such resource"/ }, 'the path is not suggested either');
    t.match(ask('GET /pipelines'), { status: '200 OK' });
  }
});

test('the admin listener has the details, and takes no frames', async (t) => {
  const { ask, app } = routesOf({}, false, 'admin');
  t.match(JSON.parse(ask('GET /readyz').body ?? ''), { ready: true, pool: { size: 3 } });
  t.match(ask('GET /now'), { status: '200 OK', body: '"now"' });
  t.match(ask('GET /Frames'), { status: '404 Not Found', body: /"No such resource"/ }, 'not suggested');
  const upgrade = ['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
  const replies = [
    ask('GET /ws/video/stream', upgrade),
    ask('GET /healthz', upgrade),
    ask('GET /ws/video/stream'),
    app.handle('any /frames', fakeRequest('POST /frames', ['host: gate', 'content-length: 9'])),
    app.handle('any /frames', fakeRequest('POST /frames', ['host: gate', 'transfer-encoding: chunked'])),
  ];
  // The rest of the request is discarded, so the reply comes last.
  await new Promise(setImmediate);
  for (const reply of replies) t.match(reply, { status: '404 Not Found', body: /takes no frames/, wasClosed: true });
});

test('HEAD has no body', async (t) => {
  t.match(routesOf().ask('HEAD /healthz'), { status: '200 OK', body: '' });
});

test('a status that throws is logged, and does not end the process', async (t) => {
  const app = new FakeApp();
  const kept = new KeptLog();
  const broken = () => {
    throw new Error('broken');
  };
  registerRoutes(app.app, {
    role: 'all',
    pool: { status: broken },
    lifecycle: { isDraining: () => false, reloads: () => reloads },
    pipelines,
    pages: new Map(),
    ...{ access, needsToken: false },
    admin: new Map(),
    log: kept.log,
    version: '1.2.3',
  });
  t.equal(app.handle('any /*', fakeRequest('GET /readyz', ['host: gate'])).body, undefined);
  t.same(kept.lines, ['unexpected_error']);
});

test('a reply may come later; a peer that has left by then gets none', async (t) => {
  const { ask } = routesOf();
  t.match(ask('GET /now'), { status: '200 OK', body: '"now"' });
  const response = ask('GET /later');
  t.equal(response.status, '');
  await Promise.resolve();
  t.match(response, { status: '200 OK', body: '"later"' });
  const gone = ask('GET /later');
  gone.abort();
  await Promise.resolve();
  t.equal(gone.status, '');
});

test('a reply that cannot be made is an internal error, and is logged', async (t) => {
  const { ask, kept } = routesOf();
  const response = ask('GET /broken');
  await new Promise(setImmediate);
  t.match(response, {
    status: '500 Internal Server Error',
    body: '{"error":"internal_error","detail":"Unexpected error occurred"}',
  });
  t.strictSame(kept.lines, ['unexpected_error']);
});
