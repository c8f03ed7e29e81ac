/** A reverse proxy that serves a gateway under a path prefix, which it strips; other paths are 404. Tests only. */
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Test } from 'tap';

/** With a trailing slash, as in typical configurations. */
const prefix = '/gate/';

/** The path on the gateway; undefined outside the prefix. */
function pathOf({ url = '/' }: IncomingMessage): string | undefined {
  return url.startsWith(prefix) ? url.slice(prefix.length - 1) : undefined;
}

/** @returns `host:port` and the prefix; the proxy ends with the test. */
export async function startPrefixProxy(t: Test, gatewayPort: number): Promise<string> {
  const target = { host: '127.0.0.1', port: gatewayPort };
  const server = createServer((incoming, response) => {
    const path = pathOf(incoming);
    if (path === undefined) return void response.writeHead(404).end('not found');
    const { method, headers } = incoming;
    const forwarded = request({ ...target, path, method, headers }, (upstream) => {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers);
      upstream.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    incoming.pipe(forwarded);
  });
  server.on('upgrade', (incoming, client, head) => {
    const path = pathOf(incoming);
    if (path === undefined) return void client.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const gateway = connect(target, () => {
      const headers = incoming.rawHeaders
        .map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`))
        .join('');
      gateway.write(`${incoming.method} ${path} HTTP/1.1\r\n${headers}\r\n`);
      gateway.write(head);
      gateway.pipe(client).pipe(gateway);
    });
    for (const [one, other] of [
      [client, gateway],
      [gateway, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`;
}
