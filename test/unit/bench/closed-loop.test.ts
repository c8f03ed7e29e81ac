/** The closed loop sends one frame at a time per connection and counts the responses. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'tap';
import { runClosedLoop } from '../../../bench/suite/closed-loop.ts';

const load = { connections: 3, warmUpSeconds: 0.2, seconds: 0.5 };
const frames = [Buffer.from('first'), Buffer.from('second frame')];

test('each connection waits for its response, and responses are counted by status', async (t) => {
  const responses = { 200: 0, 503: 0, 400: 0 };
  const bodies = new Set<string>();
  let waiting = 0;
  let peakWaiting = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    waiting += 1;
    peakWaiting = Math.max(peakWaiting, waiting);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.add(Buffer.concat(chunks).toString());
      requests += 1;
      const status = requests % 5 === 0 ? 400 : requests % 3 === 0 ? 503 : 200;
      responses[status] += 1;
      setTimeout(() => {
        waiting -= 1;
        response.writeHead(status).end('{}');
      }, 2);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/frames`);
  const { results, refused, failed, latencyMs } = await runClosedLoop(url, frames, load);
  t.equal(peakWaiting, load.connections);
  t.strictSame([...bodies].sort(), ['first', 'second frame']);
  for (const [seen, all] of [
    [results, responses[200]],
    [refused, responses[503]],
    [failed, responses[400]],
  ] as const) {
    t.ok(seen > 0 && seen < all, `${seen} of ${all}: the warm-up is not counted`);
  }
  t.ok(latencyMs !== undefined && latencyMs.p50 <= latencyMs.p99);
});

test('with an unreachable server all requests fail', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { results, failed, latencyMs } = await runClosedLoop(new URL(`http://127.0.0.1:${port}/`), frames, load);
  t.strictSame([results, latencyMs], [0, undefined]);
  t.ok(failed > 0);
});
