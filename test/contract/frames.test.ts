/** `POST /frames`: one frame over HTTP gets the same reply as on the stream, and every error has its status. */
import { once } from 'node:events';
import { Agent, type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tap, { test } from 'tap';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const limits = { POOL_WORKERS: '2', STREAM_MAX_FRAME_SIZE_MB: '0.25', STREAM_MAX_WAIT_MS: '400' };
const limitBytes = 262_144;
const gateway = await startGateway(limits);
tap.teardown(() => gateway.kill());

const frame = encodeGradient(64, 48);
const dropped = '{"frame_index":0,"dropped":true}';

interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

interface Posting {
  readonly to?: Gateway;
  readonly pipelineId?: string;
  readonly type?: string;
  readonly agent?: Agent | false;
}

function open({ to = gateway, pipelineId = 'echo', type = 'image/jpeg', agent = false }: Posting): ClientRequest {
  const headers = type === '' ? {} : { 'content-type': type };
  const path = `/frames?pipeline_id=${pipelineId}`;
  return request({ host: '127.0.0.1', port: to.port, method: 'POST', path, headers, agent });
}

async function readReply(sent: ClientRequest): Promise<Reply> {
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const piece of response) body += piece;
  return { status: response.statusCode, headers: response.headers, body };
}

function post(bytes: Uint8Array, posting: Posting = {}): Promise<Reply> {
  const sent = open(posting);
  sent.setHeader('content-length', bytes.length);
  sent.end(bytes);
  return readReply(sent);
}

test('a frame gets the same result as on the stream, and nothing else', async (t) => {
  const { status, headers, body } = await post(frame);
  t.equal(status, 200);
  t.equal(headers['content-type'], 'application/json; charset=utf-8');
  t.equal(headers['cache-control'], 'no-store');
  t.match(headers['server-timing'], /^decode;dur=[\d.]+, only;dur=[\d.]+, total;dur=[\d.]+, encode;dur=[\d.]+$/);
  const client = await StreamClient.open(gateway.streamUrl('echo'));
  const streamed = await client.sendUntilStarted(frame);
  await client.close();
  const withoutTimes = (message: Record<string, unknown>) => JSON.stringify(message).replace(/\d+\.\d+|\b\d\b/g, '0');
  t.equal(withoutTimes(JSON.parse(body)), withoutTimes(streamed));
});

test('any content type used for JPEG is accepted, and none at all', async (t) => {
  for (const type of ['', 'image/jpeg', 'IMAGE/JPG', 'image/jpeg; q=1', 'application/octet-stream']) {
    t.equal((await post(frame, { type })).status, 200, type);
  }
});

const refusals = [
  ['no pipeline', 400, { pipelineId: '' }, 'invalid_pipeline', 'pipeline_id query parameter is required'],
  ['an unknown pipeline', 404, { pipelineId: 'no-such' }, 'invalid_pipeline', 'Unknown pipeline_id: no-such'],
  ['JSON', 415, { type: 'application/json' }, 'invalid_message', 'Expected a body of image/jpeg'],
  ['a form', 415, { type: 'multipart/form-data; boundary=x' }, 'invalid_message', 'Expected a body of image/jpeg'],
  ['a pipeline that fails', 500, { pipelineId: 'failing' }, 'pipeline_failure', undefined],
] as const;

for (const [what, expected, posting, error, detail] of refusals) {
  test(`${what} gets ${expected}, and the connection can be reused`, async (t) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.teardown(() => agent.destroy());
    const { status, body } = await post(frame, { ...posting, agent });
    t.equal(status, expected);
    t.match(JSON.parse(body), { error, detail: detail ?? String });
    t.equal((await post(frame, { agent })).status, 200);
  });
}

test('an invalid JPEG gets 400, an empty body too', async (t) => {
  for (const bytes of [new Uint8Array(0), Buffer.from('GIF89a'), frame.subarray(0, frame.length - 2)]) {
    const { status, body } = await post(bytes);
    t.equal(status, 400);
    t.match(JSON.parse(body), { error: 'invalid_frame', detail: /^Not a valid JPEG image/ });
  }
});

const tooLarge = '{"error":"frame_too_large","detail":"Frame exceeds 0.25MB"}';

test('a body above the limit gets 413, whether its length is declared or not', async (t) => {
  for (const announced of [true, false]) {
    const sent = open({});
    if (announced) sent.setHeader('content-length', limitBytes + 1);
    // The gateway may close the connection while the rest is being written.
    sent.on('error', () => undefined);
    const reply = readReply(sent);
    sent.write(Buffer.alloc(limitBytes));
    sent.end(Buffer.alloc(1));
    t.match(await reply, { status: 413, body: tooLarge });
  }
});

test('a body of exactly the limit is read completely', async (t) => {
  const padded = Buffer.concat([frame, Buffer.alloc(limitBytes - frame.length)]);
  t.match(await post(padded), { status: 200 });
});

test('a frame sent in small pieces is assembled', async (t) => {
  for (const announced of [true, false]) {
    const sent = open({});
    if (announced) sent.setHeader('content-length', frame.length);
    const reply = readReply(sent);
    for (let at = 0; at < frame.length; at += 97) {
      sent.write(frame.subarray(at, at + 97));
      if (at % 970 === 0) await sleep(1);
    }
    sent.end();
    t.equal((await reply).status, 200);
  }
});

test('requests are held until a worker is free', async (t) => {
  const patient = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_WAIT_MS: '60000' });
  t.teardown(() => patient.kill());
  const running = post(frame, { to: patient, pipelineId: 'slower' });
  await eventually(
    () => readiness(patient),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  const waiting = [1, 2, 3].map(() => post(frame, { to: patient }));
  await eventually(
    () => readiness(patient),
    ({ pool }) => pool.held === 3,
    'three held frames',
  );
  for (const reply of [running, ...waiting]) t.equal((await reply).status, 200);
});

test('a request whose hold ends gets 503 with Retry-After', async (t) => {
  const busy = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_WAIT_MS: '100', STREAM_FRAME_TIMEOUT_MS: '60000' });
  t.teardown(() => busy.kill());
  const running = open({ to: busy, pipelineId: 'hanging' });
  running.on('error', () => undefined).end(frame);
  await eventually(
    () => readiness(busy),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  for (const { status, headers, body } of await Promise.all([1, 2, 3].map(() => post(frame, { to: busy })))) {
    t.equal(status, 503);
    t.equal(body, dropped);
    t.equal(headers['retry-after'], '1');
  }
});

test('only POST is supported here', async (t) => {
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
    const sent = request({
      host: '127.0.0.1',
      port: gateway.port,
      method,
      path: '/frames?pipeline_id=echo',
      agent: false,
    });
    sent.end();
    const { status, headers, body } = await readReply(sent);
    t.equal(status, 405, method);
    t.equal(headers['allow'], 'POST');
    t.equal(body, method === 'HEAD' ? '' : '{"error":"method_not_allowed","detail":"Only POST is supported here"}');
  }
});

function quiet(to: Gateway): Promise<unknown> {
  return eventually(
    () => readiness(to),
    ({ pool }) => pool.inFlight === 0 && pool.busy === 0,
    'nothing in flight',
  );
}

test('peers that disconnect in their body or before the reply leak nothing', async (t) => {
  for (let i = 0; i < 20; i++) {
    const head = `POST /frames?pipeline_id=slow HTTP/1.1\r\nHost: x\r\nContent-Length: ${frame.length}\r\n\r\n`;
    const socket = connect(gateway.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(head);
    socket.write(frame.subarray(0, i % 2 === 0 ? 100 : frame.length));
    await sleep(5);
    socket.destroy();
  }
  await quiet(gateway);
  t.equal((await post(frame)).status, 200);
});

test('a request aborted while its frame is held uses no worker', async (t) => {
  const small = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => small.kill());
  const counts = (held: number) =>
    eventually(
      () => readiness(small),
      ({ pool }) => pool.inFlight === 1 && pool.held === held,
      `one frame in flight and ${held} held`,
    );
  const busy = post(frame, { to: small, pipelineId: 'slower' });
  await counts(0);
  const sent = open({ to: small, pipelineId: 'slow' });
  sent.on('error', () => undefined);
  sent.setHeader('content-length', frame.length);
  sent.end(frame);
  await counts(1);
  sent.destroy();
  await counts(0);
  t.equal((await busy).status, 200);
});

test('an address counts as one session, and gets an error if there is no room', async (t) => {
  const small = await startGateway({ POOL_WORKERS: '1', STREAM_MAX_SESSIONS: '1' });
  t.teardown(() => small.kill());
  const client = await StreamClient.open(small.streamUrl('echo'));
  await client.sendUntilStarted(frame);
  const { status, headers, body } = await post(frame, { to: small });
  t.equal(status, 503);
  t.equal(body, '{"error":"server_busy","detail":"Too many sessions"}');
  t.equal(headers['retry-after'], '1');
  await client.close();
  await eventually(
    () => readiness(small),
    ({ pool }) => pool.sessions === 0,
    'no session',
  );
  t.equal((await post(frame, { to: small })).status, 200);
  t.equal((await post(frame, { to: small })).status, 200, 'and again, as the same session');
});

test('on SIGTERM a frame in flight still gets its reply', async (t) => {
  const leaving = await startGateway({ POOL_WORKERS: '1' });
  t.teardown(() => leaving.kill());
  const reply = post(frame, { to: leaving, pipelineId: 'slower' });
  await eventually(
    () => readiness(leaving),
    ({ pool }) => pool.inFlight === 1,
    'a frame in flight',
  );
  leaving.signal('SIGTERM');
  t.equal((await reply).status, 200);
  t.strictSame(await leaving.ended(), { code: 0, signal: null });
});
