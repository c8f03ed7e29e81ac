/** A TCP proxy that stands for a slow link: everything is late, and sometimes nothing passes for a while, as after a lost packet. Tests only. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';

export interface LinkOptions {
  /** Delay in each direction. */
  readonly delayMs: number;
  /** Share of pieces before which the link stalls, and for how long: a retransmission takes 200 ms or more (RFC 6298). */
  readonly stallShare: number;
  readonly stallMs: number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Starts a proxy to a port of this machine. @returns its port. */
export async function startSlowLink(t: Test, port: number, options: LinkOptions): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      forward(from, to, options);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Keeps the order: what comes after a stall waits for it. */
function forward(from: Socket, to: Socket, { delayMs, stallShare, stallMs, random }: LinkOptions): void {
  let sent = Promise.resolve();
  from.on('data', (piece) => {
    const dueMs = performance.now() + delayMs;
    const stalledMs = random() < stallShare ? stallMs : 0;
    sent = sent.then(async () => {
      await sleep(Math.max(0, dueMs - performance.now()) + stalledMs);
      to.write(piece);
    });
  });
}
