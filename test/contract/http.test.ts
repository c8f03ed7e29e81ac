/** Plain HTTP: health, readiness, pipelines, and JSON errors for everything else. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import tap, { test } from 'tap';
import { startGateway } from '../support/gateway.ts';
import { encodeGradient } from '../support/jpeg-bytes.ts';
import { RawClient, upgradeRequest } from '../support/raw-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { eventually, readiness } from '../support/vital-signs.ts';

const frame = encodeGradient(16, 16);

const gateway = await startGateway({ POOL_WORKERS: '2' });
tap.teardown(() => gateway.kill());

interface Reply {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** The version that every command reports. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Any method on any path, sent without normalization. */
function sendRequest(method: string, path: string, body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: gateway.port, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const jsonType = 'application/json; charset=utf-8';
const notFound = '{"error":"not_found","detail":"No such resource"}';
const notAllowed = '{"error":"method_not_allowed","detail":"Only GET is supported here"}';
const upgradeRequired = '{"error":"upgrade_required","detail":"Open this address as a WebSocket"}';

const pipelineIds = ['blocking', 'bulky', 'by_width', 'dying', 'echo', 'failing', 'hanging', 'slow', 'slower', 'stuck'];

test('/healthz reports that the process is alive', async (t) => {
  const { status, headers, body } = await sendRequest('GET', '/healthz');
  t.equal(status, 200);
  t.equal(headers['content-type'], jsonType);
  t.equal(headers['cache-control'], 'no-store');
  t.equal(body, '{"status":"ok"}');
});

test('/readyz reports ready workers and their setup', async (t) => {
  const { status, headers, body } = await sendRequest('GET', '/readyz');
  t.equal(status, 200);
  t.equal(headers['content-type'], jsonType);
  const { pipelines, ...rest } = JSON.parse(body) as { pipelines: string[] };
  t.strictSame(rest, {
    ready: true,
    degraded: false,
    draining: false,
    generation: 1,
    reloads: { succeeded: 0, failed: 0, issues: [] },
    pool: { size: 2, ready: 2, busy: 0, timedOut: 0, inFlight: 0, held: 0, frameBytes: 0, sessions: 0 },
    hosts: [],
    setups: [{ workers: 2, decoder: 'jpeg-turbo', models: [] }],
    version,
  });
  for (const id of pipelineIds) t.ok(pipelines.includes(id), id);
});

test('/pipelines lists all pipelines with name, description, and whether they are loaded', async (t) => {
  const { status, headers, body } = await sendRequest('GET', '/pipelines');
  t.equal(status, 200);
  t.equal(headers['content-type'], jsonType);
  const { pipelines } = JSON.parse(body) as { pipelines: Record<string, string>[] };
  for (const id of pipelineIds) t.ok(pipelines.some((pipeline) => pipeline['id'] === id));
  t.strictSame(
    pipelines.find((pipeline) => pipeline['id'] === 'echo'),
    { id: 'echo', name: 'echo', description: 'Answers at once.', loaded: true },
  );
});

test('unknown query parameters are ignored', async (t) => {
  t.equal((await sendRequest('GET', '/healthz?verbose=1&x')).body, '{"status":"ok"}');
});

for (const path of ['/nowhere', '/v1', '/../../etc/passwd', '/%2e%2e/x', '//', '/web/nothing.js']) {
  test(`${path} is not found`, async (t) => {
    const { status, headers, body } = await sendRequest('GET', path);
    t.equal(status, 404);
    t.equal(headers['content-type'], jsonType);
    t.equal(body, notFound);
  });
}

const nearlyRight = {
  '/healthz/': '/healthz',
  '//healthz': '/healthz',
  '/v1/readyz': '/readyz',
  '/Pipelines': '/pipelines',
  '/ws': '/ws/video/stream',
  '/ws/video/stream/': '/ws/video/stream',
  '/gate/ws/video/stream': '/ws/video/stream',
};

for (const [path, meant] of Object.entries(nearlyRight)) {
  test(`${path} is not found, and the error suggests a path`, async (t) => {
    const { status, body } = await sendRequest('GET', path);
    t.equal(status, 404);
    t.equal(body, `{"error":"not_found","detail":"No such resource; did you mean ${meant}?"}`);
  });
}

test('a frame posted to /frames/ gets an error with the right path', async (t) => {
  const { status, body } = await sendRequest('POST', '/frames/?pipeline_id=echo', 'x'.repeat(50_000));
  t.equal(status, 404);
  t.equal(body, '{"error":"not_found","detail":"No such resource; did you mean /frames?"}');
});

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
  test(`${method} gets 405 with the allowed methods`, async (t) => {
    for (const path of ['/healthz', '/readyz', '/pipelines', '/ws/video/stream']) {
      const { status, headers, body } = await sendRequest(method, path, method === 'POST' ? '{"some":"body"}' : '');
      t.equal(status, 405);
      t.equal(headers['allow'], 'GET, HEAD');
      t.equal(headers['content-type'], jsonType);
      t.equal(body, notAllowed);
    }
    t.equal((await sendRequest(method, '/nowhere')).status, 404);
  });
}

test('HEAD has the status and the headers of GET and no body', async (t) => {
  for (const [path, expected] of [
    ['/healthz', 200],
    ['/readyz', 200],
    ['/pipelines', 200],
    ['/nowhere', 404],
    ['/ws/video/stream', 426],
  ] as const) {
    const { status, headers, body } = await sendRequest('HEAD', path);
    t.equal(status, expected);
    t.equal(headers['content-type'], jsonType);
    t.equal(body, '');
  }
});

test('the stream path without an upgrade gets 426', async (t) => {
  const { status, headers, body } = await sendRequest('GET', '/ws/video/stream?pipeline_id=echo');
  t.equal(status, 426);
  t.equal(headers['content-type'], jsonType);
  t.equal(body, upgradeRequired);
});

test('an extra slash in the path of the stream does not matter to a WebSocket', async (t) => {
  for (const path of ['/ws/video/stream/', '//ws/video/stream', '/ws//video/stream//']) {
    const client = await StreamClient.open(`ws://127.0.0.1:${gateway.port}${path}?pipeline_id=echo`);
    t.match(await client.sendUntilStarted(frame), { result: { width: 16 } }, path);
    await client.close();
  }
});

test('a WebSocket on any other path is rejected over HTTP, with the path of the stream', async (t) => {
  const hint = '{"error":"not_found","detail":"No such resource; did you mean /ws/video/stream?"}';
  for (const path of ['/', '/nowhere', '/healthz', '/web/main.js', '/v1/ws/video/stream', '/WS/video/stream']) {
    const client = await RawClient.connect(gateway);
    t.teardown(() => client.socket.destroy());
    client.socket.write(upgradeRequest('echo').replace('/ws/video/stream', path));
    while (!client.text().includes('}')) await client.more();
    t.match(client.text(), /^HTTP\/1\.1 404 Not Found\r\n/, path);
    t.ok(client.text().endsWith(hint), client.text());
  }
});

test('an upgrade of the stream without a key gets 426', async (t) => {
  const client = await RawClient.connect(gateway);
  t.teardown(() => client.socket.destroy());
  client.socket.write(upgradeRequest('echo').replace('Sec-WebSocket-Key', 'Other'));
  while (!client.text().includes('}')) await client.more();
  t.match(client.text(), /^HTTP\/1\.1 426 /);
});

test('/readyz counts current sessions and frames', async (t) => {
  const counted = await startGateway({ POOL_WORKERS: '2', STREAM_FRAME_TIMEOUT_MS: '60000' });
  t.teardown(() => counted.kill());
  const pool = async () => (await readiness(counted)).pool;
  t.match(await pool(), { sessions: 0, inFlight: 0, busy: 0, frameBytes: 0 });
  const clients = [];
  for (let count = 1; count <= 2; count++) {
    const client = await StreamClient.open(counted.streamUrl('hanging'));
    t.match(await pool(), { sessions: count, inFlight: count - 1 });
    client.send(frame);
    const running = await eventually(pool, ({ inFlight }) => inFlight === count, `${count} frames in flight`);
    t.match(running, { sessions: count, busy: count });
    t.ok(running.frameBytes >= count * frame.length, `${running.frameBytes} bytes`);
    clients.push(client);
  }
  for (const client of clients) await client.close();
  t.match(
    await eventually(pool, ({ sessions }) => sessions === 0, 'no session'),
    { busy: 2 },
    'their frames still run',
  );
});
