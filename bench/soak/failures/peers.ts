/** Sockets of a failure: opened from an address that no camera uses, and all destroyed at its end. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { upgradeRequest } from '../../../test/support/raw-client.ts';
import type { SoakGateway } from '../gateway.ts';

/** Differs from the cameras' 127.0.0.1, so that per-address limits affect only these peers. Linux accepts all of 127.0.0.0/8. */
const localAddress = '127.0.0.66';
/** Maximum time for an upgrade response; after it, the failure continues without this peer. */
const maxUpgradeMs = 10_000;

export class Peers {
  readonly #gateway: SoakGateway;
  readonly #sockets = new Set<Socket>();

  private constructor(gateway: SoakGateway) {
    this.#gateway = gateway;
  }

  /** Runs `action` and then destroys all its sockets. */
  static async with(gateway: SoakGateway, action: (peers: Peers) => Promise<void>): Promise<void> {
    const peers = new Peers(gateway);
    try {
      await action(peers);
    } finally {
      for (const socket of peers.#sockets) socket.destroy();
    }
  }

  /** Opens a TCP connection that is read; `undefined` if it was refused, as a gateway under attack may do. */
  async connect(): Promise<Socket | undefined> {
    const socket = connect({ port: this.#gateway.port, host: '127.0.0.1', localAddress });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    if (!connected) return undefined;
    socket.resume();
    return socket;
  }

  /** Opens a WebSocket; `undefined` if that failed. */
  async upgrade(pipelineId: string): Promise<Socket | undefined> {
    const socket = await this.connect();
    if (socket === undefined) return undefined;
    socket.write(upgradeRequest(pipelineId));
    const answer = await Promise.race([
      once(socket, 'data').then(
        ([data]) => String(data),
        () => '',
      ),
      once(socket, 'close').then(() => ''),
      new Promise<string>((resolve) => setTimeout(resolve, maxUpgradeMs, '').unref()),
    ]);
    return answer.startsWith('HTTP/1.1 101') ? socket : undefined;
  }

  /** Opens `count` connections concurrently. */
  async many(count: number, open: () => Promise<Socket | undefined>): Promise<Socket[]> {
    const opened = await Promise.all(Array.from({ length: count }, open));
    return opened.filter((socket) => socket !== undefined);
  }
}

/** Waits until a socket is closed, up to `maxMs`. */
export function endOf(socket: Socket, maxMs: number): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      socket.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, maxMs);
    socket.once('close', done);
  });
}
