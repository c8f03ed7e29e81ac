/** An HTTP server for the duration of one test. Tests only. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

export interface Listening {
  readonly port: number;
  /** Closes all connections and stops listening. */
  kill(): Promise<void>;
}

/** @param port 0 for a free one. */
export async function listenUntilOver(t: Test, server: Server, port: number): Promise<Listening> {
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const kill = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  t.teardown(() => (server.listening ? kill() : undefined));
  return { port: (server.address() as AddressInfo).port, kill };
}
