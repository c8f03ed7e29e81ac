/** `POST /frames` without a server: from the headers to the reply, with frames that end when the test says so. */
import { BlockList } from 'node:net';
import { type Test, test } from 'tap';
import { FramesEndpoint, type FramesOptions } from '../../../src/server/frames.ts';
import { Addresses } from '../../../src/session/addresses.ts';
import { TokenUses } from '../../../src/session/token-uses.ts';
import { fakeRequest } from '../../support/fake-request.ts';
import { FakeApp } from '../../support/fake-uws.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { ManualExecutor, poolOf } from '../../support/manual-executor.ts';
import { openAccess } from '../../support/open-access.ts';
import { KeptLog, observerOf } from '../../support/started-pool.ts';

const jpeg = encodeGradient(16, 8);
const maxFrameBytes = 4000;

function endpointOf(t: Test, changes: Partial<FramesOptions> = {}) {
  const app = new FakeApp();
  const executor = new ManualExecutor(1, 'plates');
  const { pool } = poolOf(t, [executor]);
  const addresses = new Addresses({
    ...{ maxSessionsPerAddress: 2, maxFramesPerSecond: 1000, maxReceivingBytes: 8000, maxFrameBytes },
  });
  const kept = new KeptLog();
  const endpoint = new FramesEndpoint({
    limits: { maxFrameBytes, maxFrameLabel: '4KB', maxPixels: 1000, bodyTimeoutMs: 60_000 },
    pipelines: new Map([['plates', { id: 'plates', name: '', description: '', zones: [], maxPixels: 1000 }]]),
    ...{ pool, addresses, trustedProxies: new BlockList(), log: kept.log, observer: observerOf(kept.log) },
    ...{ hasRoom: () => true, isOverMemoryLimit: () => false },
    ...{ authorizer: openAccess, tokens: new TokenUses() },
    ...changes,
  });
  endpoint.register(app.app);
  const post = (query = 'pipeline_id=plates', ...headers: string[]) => {
    const lines = ['host: gate', `content-length: ${jpeg.length}`, ...headers];
    return app.handle('post /frames', fakeRequest(`POST /frames?${query}`, lines));
  };
  return { app, endpoint, executor, addresses, kept, pool, post };
}

/** Replies that close the connection are sent after everything received has been processed. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('a frame is started when its body is complete, and gets its result with the timings', async (t) => {
  const { executor, post, addresses, endpoint } = endpointOf(t);
  const reply = post();
  reply.receive(jpeg.subarray(0, 100), false);
  t.equal(executor.started.length, 0);
  t.equal(addresses.receivingBytes, 100);
  reply.receive(jpeg.subarray(100));
  t.equal(executor.started.length, 1);
  t.equal(addresses.receivingBytes, 0);
  t.equal(endpoint.sessions, 1);
  t.equal(reply.body, undefined);
  await executor.end(0, { type: 'result', text: '{"width":16}', timings: { decode: 1.5, 'a b': 2 } });
  await nextTurn();
  t.match(reply, {
    status: '200 OK',
    headers: { 'Server-Timing': 'decode;dur=1.5, a_b;dur=2' },
    body: '{"frame_index":0,"result":{"width":16}}',
    wasClosed: false,
  });
});

test('a failed frame gets its code, and only the log has the reason', async (t) => {
  const { executor, post, kept } = endpointOf(t);
  const reply = post();
  reply.receive(jpeg);
  await executor.end(0, {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'YOLO inference failed',
    reason: '/secret',
  });
  await nextTurn();
  t.match(reply, {
    status: '500 Internal Server Error',
    body: '{"error":"pipeline_failure","detail":"YOLO inference failed"}',
  });
  t.same(kept.lines, ['frame_error']);
});

test('a dropped frame gets 503 with Retry-After', async (t) => {
  const { executor, post } = endpointOf(t);
  const reply = post();
  reply.receive(jpeg);
  await executor.end(0, { type: 'dropped', reason: 'expired' });
  await nextTurn();
  t.match(reply, {
    status: '503 Service Unavailable',
    headers: { 'Retry-After': '1' },
    body: '{"frame_index":0,"dropped":true}',
  });
});

test('the body of a rejected request is read, so that the connection can be reused', async (t) => {
  const { executor, post } = endpointOf(t);
  const cases = [
    [post(''), '400 Bad Request', /invalid_pipeline/],
    [post('pipeline_id=no'), '404 Not Found', /Unknown pipeline_id: no/],
    [post('pipeline_id=plates', 'content-type: text/plain'), '415 Unsupported Media Type', /invalid_message/],
  ] as const;
  for (const [reply, status, body] of cases) {
    reply.receive(jpeg.subarray(0, 10), false);
    t.equal(reply.body, undefined);
    reply.receive(jpeg.subarray(10));
    t.match(reply, { status, body, wasClosed: false });
  }
  t.equal(executor.started.length, 0);
});

test('a body that is too large is not read: the connection is closed', async (t) => {
  const { app, post } = endpointOf(t);
  const lines = ['host: gate', `content-length: ${maxFrameBytes + 1}`];
  const declared = app.handle('post /frames', fakeRequest('POST /frames?pipeline_id=plates', lines));
  const undeclared = post();
  undeclared.receive(new Uint8Array(maxFrameBytes + 1), false);
  await nextTurn();
  for (const reply of [declared, undeclared]) {
    t.match(reply, { status: '413 Content Too Large', body: /Frame exceeds 4KB/, wasClosed: true });
  }
});

test('without memory or a session, the reply is server_busy', async (t) => {
  const full = endpointOf(t, { isOverMemoryLimit: () => true }).post();
  await nextTurn();
  t.match(full, { status: '503 Service Unavailable', body: /server_busy/, wasClosed: true });
  const crowded = endpointOf(t, { hasRoom: () => false }).post();
  crowded.receive(jpeg);
  t.match(crowded, { status: '503 Service Unavailable', body: /Too many sessions/, wasClosed: false });
});

test('a peer that is gone leaves nothing behind, and its held frame is not started', async (t) => {
  const { executor, post, addresses, pool } = endpointOf(t);
  const running = post();
  running.receive(jpeg);
  const held = post();
  held.receive(jpeg);
  t.equal(pool.status().held, 1);
  const incomplete = post();
  incomplete.receive(jpeg.subarray(0, 50), false);
  held.abort();
  incomplete.abort();
  t.equal(pool.status().held, 0);
  t.equal(addresses.receivingBytes, 0);
  await executor.end(0);
  await nextTurn();
  t.equal(executor.started.length, 1);
  t.equal(running.status, '200 OK');
  t.same([held.body, incomplete.body], [undefined, undefined]);
});

test('a body that does not arrive in time gets 408', async (t) => {
  const limits = { maxFrameBytes, maxFrameLabel: '4KB', maxPixels: 1000, bodyTimeoutMs: 1 };
  const reply = endpointOf(t, { limits }).post();
  while (reply.body === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  t.match(reply, { status: /^408/, wasClosed: true });
});
