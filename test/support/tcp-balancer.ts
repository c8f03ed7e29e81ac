/** A TCP load balancer: each connection goes to the next backend that accepts one. Tests only. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

/** Serves on a free port until the test ends. */
export async function startTcpBalancer(t: Test, ports: readonly number[]): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket.on('error', () => undefined);
  };
  let next = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client);
    const first = next++;
    const attempt = (tried: number) => {
      const port = ports[(first + tried) % ports.length];
      if (port === undefined || tried === ports.length) {
        client.destroy();
        return;
      }
      const backend = keep(connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }));
      const onRefused = () => attempt(tried + 1);
      backend.once('error', onRefused);
      backend.once('connect', () => {
        backend.off('error', onRefused);
        client.pipe(backend).pipe(client);
        client.once('close', () => backend.destroy());
        backend.once('close', () => client.end());
      });
    };
    attempt(0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port };
}
