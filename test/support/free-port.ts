/** A port for a gateway that is started twice on the same port. Tests only. */
import { type AddressInfo, createServer } from 'node:net';

/** A port that is currently free. uWebSockets.js treats a port that it chose itself differently from a configured one. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
