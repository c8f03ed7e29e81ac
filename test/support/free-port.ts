/** A port for a gateway that is to be started there twice. Tests only. */
import { type AddressInfo, createServer } from 'node:net';

/** A port that nobody has now. uWebSockets.js treats one that it chose itself differently from one that it was told. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
