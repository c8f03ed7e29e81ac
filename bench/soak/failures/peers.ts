/** Sockets of a fault: opened from an address that no camera has, and all destroyed at its end, whatever happened. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { upgradeRequest } from '../../../test/support/raw-client.ts';
import type { SoakGateway } from '../gateway.ts';

/** Limits for each address are for the peers that do harm: the cameras come from 127.0.0.1. Linux takes all of 127.0.0.0/8 as its own. */
const localAddress = '127.0.0.66';
/** A gateway that does not answer an upgrade within this leaves the fault without this peer. */
const maxUpgradeMs = 10_000;

export class Peers {
  readonly #gateway: SoakGateway;
  readonly #sockets = new Set<Socket>();

  private constructor(gateway: SoakGateway) {
    this.#gateway = gateway;
  }

  /** Runs `harm` and destroys what it has opened. */
  static async with(gateway: SoakGateway, action: (peers: Peers) => Promise<void>): Promise<void> {
    const peers = new Peers(gateway);
    try {
      await action(peers);
    } finally {
      for (const socket of peers.#sockets) socket.destroy();
    }
  }

  /** A TCP connection that is read, or `undefined` where it was refused: a gateway under attack may do that. */
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

  /** A WebSocket, or `undefined` where there was none to have. */
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

  /** So many at once. */
  async many(count: number, open: () => Promise<Socket | undefined>): Promise<Socket[]> {
    const opened = await Promise.all(Array.from({ length: count }, open));
    return opened.filter((socket) => socket !== undefined);
  }
}

/** Waits until a socket has ended, at most so long. */
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
