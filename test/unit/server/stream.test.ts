/** `GET /ws/video/stream` without a server: upgrades, refusals, frames, rate limits, and the ends of sessions. */
import { BlockList } from 'node:net';
import { type Test, test } from 'tap';
import { Observers } from '../../../src/observe/observer.ts';
import { StreamEndpoint, type StreamOptions } from '../../../src/server/stream.ts';
import { Addresses } from '../../../src/session/addresses.ts';
import { TokenUses } from '../../../src/session/token-uses.ts';
import { fakeRequest } from '../../support/fake-request.ts';
import { FakeApp, FakeResponse, FakeUwsSocket } from '../../support/fake-uws.ts';
import { encodeGradient } from '../../support/jpeg-bytes.ts';
import { ManualExecutor, poolOf } from '../../support/manual-executor.ts';
import { openAccess } from '../../support/open-access.ts';
import { KeptLog, observerOf } from '../../support/started-pool.ts';

const jpeg = encodeGradient(16, 8);
const handshake = [
  ...['host: gate', 'connection: Upgrade', 'upgrade: websocket'],
  ...['sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=='],
];

interface Setup {
  readonly options?: Partial<StreamOptions>;
  readonly maxFramesPerSecond?: number;
  readonly maxSessionAgeMs?: number;
}

function endpointOf(t: Test, { options = {}, maxFramesPerSecond = 100_000, maxSessionAgeMs = 0 }: Setup = {}) {
  const app = new FakeApp();
  const executor = new ManualExecutor(1, 'plates');
  const { pool } = poolOf(t, [executor]);
  const kept = new KeptLog();
  const counts = { closed: 0 };
  const endpoint = new StreamEndpoint({
    limits: {
      ...{ maxFrameBytes: 4000, maxFrameLabel: '4KB', maxPixels: 1000, sendBufferBytes: 1000 },
      ...{
        dropThreshold: 0.1,
        slowdownThreshold: 0.3,
        dropWindowMs: 60_000,
        idleTimeoutMs: 60_000,
        firstFrameTimeoutMs: 60_000,
        maxSessionAgeMs,
      },
    },
    hardCapBytes: 5000,
    pipelines: new Map([['plates', { id: 'plates', name: '', description: '', zones: [], maxPixels: 1000 }]]),
    addresses: new Addresses({
      ...{ maxSessionsPerAddress: 2, maxFramesPerSecond, maxReceivingBytes: 8000, maxFrameBytes: 4000 },
    }),
    ...{ pool, trustedProxies: new BlockList(), log: kept.log, observer: observerOf(kept.log) },
    ...{ hasRoom: () => true, isOverMemoryLimit: () => false },
    ...{ authorizer: openAccess, tokens: new TokenUses() },
    onClosed: () => {
      counts.closed += 1;
    },
    ...options,
  });
  endpoint.register(app.app);
  const upgrade = (address = '/ws/video/stream?pipeline_id=plates') => {
    const response = new FakeResponse();
    const request = fakeRequest(`GET ${address}`, handshake);
    app.behavior?.upgrade?.(response.response, request, {} as never);
    return { response, request };
  };
  /** Opens a socket, as uWebSockets.js does after an accepted upgrade. */
  const open = (address?: string) => {
    const data = upgrade(address).response.upgraded;
    if (data === undefined) throw new Error('not upgraded');
    const peer = new FakeUwsSocket(data);
    app.behavior?.open?.(peer.socket);
    return peer;
  };
  const send = (peer: FakeUwsSocket, bytes: Uint8Array, isBinary = true) =>
    app.behavior?.message?.(peer.socket, Uint8Array.from(bytes).buffer, isBinary);
  const close = (peer: FakeUwsSocket, code = 1005) => app.behavior?.close?.(peer.socket, code, new ArrayBuffer(0));
  const pong = (peer: FakeUwsSocket, payload: string) =>
    app.behavior?.pong?.(peer.socket, Uint8Array.from(Buffer.from(payload)).buffer);
  return { endpoint, executor, pool, kept, counts, upgrade, open, send, close, pong };
}

test('only a handshake on the path of the stream is upgraded; extra slashes do not matter', async (t) => {
  const { upgrade } = endpointOf(t);
  for (const path of ['/ws/video/stream', '//ws/video//stream/']) {
    t.match(upgrade(`${path}?pipeline_id=plates`).response.upgraded, { pipelineId: 'plates', open: true }, path);
  }
  for (const path of ['/', '/healthz', '/ws/video/streams']) {
    const { response, request } = upgrade(path);
    t.equal(response.upgraded, undefined, path);
    t.equal(request.hasYielded, true, path);
  }
});

test('a refused client is upgraded, and gets the reason as JSON before the close', async (t) => {
  const cases = [
    ['/ws/video/stream', {}, 'pipeline_id query parameter is required', 1008],
    ['/ws/video/stream?pipeline_id=no', {}, 'Unknown pipeline_id: no', 1008],
    [undefined, { isOverMemoryLimit: () => true }, 'The gateway is short of memory', 1013],
    [undefined, { hasRoom: () => false }, 'Too many sessions', 1013],
  ] as const;
  for (const [address, options, detail, code] of cases) {
    const { open, endpoint } = endpointOf(t, { options });
    const peer = open(address);
    t.equal(peer.sent.length, 1);
    t.match(JSON.parse(peer.sent[0] ?? ''), { detail });
    t.equal(peer.ended, code, detail);
    t.equal(endpoint.sessions, 0);
  }
});

test('an address has a number of sessions, and room again when one is closed', async (t) => {
  const { open, close, endpoint, counts } = endpointOf(t);
  const [first] = [open(), open()];
  t.equal(open().ended, 1013);
  t.equal(endpoint.sessions, 2);
  if (first !== undefined) close(first);
  t.equal(endpoint.sessions, 1);
  t.equal(counts.closed, 1);
  t.equal(open().ended, undefined);
});

test('a binary message is a frame, and its result is sent', async (t) => {
  const { open, send, executor } = endpointOf(t);
  const peer = open();
  send(peer, jpeg);
  t.equal(executor.started.length, 1);
  await executor.end(0, { type: 'result', text: '{"width":16}', timings: {} });
  await Promise.resolve();
  t.strictSame(peer.sent, ['{"frame_index":0,"result":{"width":16}}']);
});

test('a text message and an invalid frame end the session with their codes', async (t) => {
  for (const [bytes, isBinary, error, code] of [
    [jpeg, false, 'invalid_message', 1003],
    [Uint8Array.of(1, 2), true, 'invalid_frame', 1007],
    [new Uint8Array(4001), true, 'frame_too_large', 1009],
  ] as const) {
    const { open, send, endpoint } = endpointOf(t);
    const peer = open();
    send(peer, bytes, isBinary);
    t.match(JSON.parse(peer.sent[0] ?? ''), { error });
    t.equal(peer.ended, code);
    t.equal(endpoint.sessions, 0);
    send(peer, jpeg);
    t.equal(peer.sent.length, 1, 'nothing after the error');
  }
});

test('a session above the rate of its address ends, and a peer that continues is cut', async (t) => {
  const { open, send } = endpointOf(t, { maxFramesPerSecond: 40 });
  const peer = open();
  for (let count = 0; peer.ended === undefined && count < 100; count++) send(peer, jpeg);
  t.match(JSON.parse(peer.sent.at(-1) ?? ''), { error: 'rate_limited' });
  t.equal(peer.ended, 1008);
  send(peer, jpeg);
  t.equal(peer.ended, 'cut');
});

test('above the rate, an upgrade gets 429', async (t) => {
  const { upgrade } = endpointOf(t, { maxFramesPerSecond: 1 });
  const responses = Array.from({ length: 20 }, () => upgrade().response);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(responses[0]?.upgraded?.pipelineId, 'plates');
  t.match(responses.at(-1), { upgraded: undefined, status: /^429/, wasClosed: true });
});

test('a reply for a closed socket is not sent', async (t) => {
  const { open, send, close, executor, kept } = endpointOf(t);
  const peer = open();
  send(peer, jpeg);
  peer.ended = 'cut';
  close(peer);
  await executor.end(0);
  t.strictSame(peer.sent, []);
  t.notOk(kept.lines.includes('unexpected_error'));
});

test('a shutdown closes idle sessions with 1001, and others after their frame', async (t) => {
  const { open, send, endpoint, executor } = endpointOf(t);
  const [idle, busy] = [open(), open()];
  send(busy, jpeg);
  await endpoint.moveAll(0);
  t.strictSame([idle.ended, busy.ended], [1001, undefined]);
  await executor.end(0);
  await Promise.resolve();
  t.strictSame([busy.sent.length, busy.ended, busy.endReason], [1, 1001, 'shutdown']);
  const late = open();
  t.strictSame([late.ended, late.endReason], [1001, 'shutdown'], 'nobody is admitted');
});

test('a spread shutdown moves the oldest session first, serves the others, and ends when none is left', async (t) => {
  const { open, send, close, endpoint, executor } = endpointOf(t);
  const [first, second] = [open(), open()];
  const moved = endpoint.moveAll(3_600_000);
  t.strictSame([first.ended, second.ended], [1001, undefined]);
  t.equal(open().ended, 1001, 'nobody is admitted');
  send(second, jpeg);
  await executor.end(0);
  await Promise.resolve();
  t.match(second.sent, [/"result"/]);
  t.equal(second.ended, undefined);
  close(second);
  await moved;
});

test('an old session is asked to move', async (t) => {
  const { open, endpoint } = endpointOf(t, { maxSessionAgeMs: 2000 });
  const peer = open();
  const nowMs = performance.now();
  endpoint.maintain(nowMs + 1000);
  t.equal(peer.ended, undefined);
  endpoint.maintain(nowMs + 3000);
  t.strictSame([peer.ended, peer.endReason], [1001, 'session age']);
});

test('a peer that does not answer the close is cut after five seconds', async (t) => {
  const { open, endpoint } = endpointOf(t);
  const peer = open('/ws/video/stream');
  const nowMs = performance.now();
  endpoint.maintain(nowMs + 1000);
  t.equal(peer.ended, 1008);
  endpoint.maintain(nowMs + 6000);
  t.equal(peer.ended, 'cut');
});

test('round trips are measured, and the camera has the name that it gives', async (t) => {
  const { open, endpoint, pong } = endpointOf(t);
  const peer = open('/ws/video/stream?pipeline_id=plates&camera=Gate%203');
  endpoint.maintain(performance.now() + 2000);
  t.strictSame(peer.pings, ['1']);
  pong(peer, '1');
  const [status] = Array.from(endpoint, (session) => session.status(performance.now()));
  t.match(status, { camera: 'Gate 3', address: '192.0.2.1', round_trip_ms: Number });
});

test('the end of a session is reported with who ended it', async (t) => {
  const observer = new Observers();
  const ends: unknown[] = [];
  observer.on('sessionEnded', ({ sessionId }, { by, closeCode, error }) =>
    ends.push([typeof sessionId, by, closeCode, error?.code]),
  );
  observer.on('refused', ({ code, detail }) => ends.push([code, detail]));
  const { open, close, send } = endpointOf(t, { options: { observer } });
  close(open());
  close(open(), 1006);
  const peer = open();
  send(peer, Uint8Array.of(1));
  close(peer, 1007);
  close(open('/ws/video/stream?pipeline_id=nothing'), 1008);
  t.strictSame(ends, [
    ['string', 'client', 1005, undefined],
    ['string', 'network', 1006, undefined],
    ['string', 'gateway', 1007, 'invalid_frame'],
    ['invalid_pipeline', 'Unknown pipeline_id: nothing'],
  ]);
});
