/** Sockets of an attacker: from an address of its own, and without a word about what goes wrong. Attackers' processes. */
import { connect, type Socket } from 'node:net';
import { clientFrame, opcode, upgradeRequest } from '../../test/support/raw-client.ts';
import type { Target } from './flood.ts';

/** An upgrade that has no answer by then will have none. */
const upgradeLimitMs = 5000;
/** Connections that are opened at the same time. */
const opensAtOnce = 100;
const pongOpcode = 10;
const pingByte = 0x80 | opcode.ping;
/** First byte of a payload behind a header without a mask, of less than 126 bytes. */
const shortHeaderBytes = 2;

/** Begins to connect from the address of the attacker's `n`th peer. Errors end in `close`. */
export function dial({ host, port, addresses }: Target, n: number): Socket {
  const socket = connect({ host, port, localAddress: `127.0.1.${1 + (n % addresses)}`, noDelay: true });
  socket.on('error', () => undefined);
  return socket;
}

/** @returns whether it is connected, sooner or later. */
export function connected(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
}

/**
 * Opens a session of a pipeline.
 * @returns the socket; `undefined` where there was no `101`.
 */
export async function openStream(target: Target, n: number, pipeline = 'echo'): Promise<Socket | undefined> {
  const socket = dial(target, n);
  socket.write(upgradeRequest(pipeline));
  const isOpen = await new Promise<boolean>((resolve) => {
    const limit = setTimeout(() => resolve(false), upgradeLimitMs);
    const settle = (open: boolean) => {
      clearTimeout(limit);
      resolve(open);
    };
    let head = '';
    const read = (piece: Buffer) => {
      head += piece.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', read);
      settle(head.startsWith('HTTP/1.1 101'));
    };
    socket.on('data', read);
    socket.once('close', () => settle(false));
  });
  if (isOpen) return socket;
  socket.destroy();
  return undefined;
}

/** Reads all and answers pings. */
export function answerPings(socket: Socket): void {
  socket.on('data', (piece: Buffer) => {
    if (piece[0] === pingByte) socket.write(clientFrame(pongOpcode, piece.subarray(shortHeaderBytes)));
  });
}

/** Makes `count` of something, some at a time. */
export async function openMany<Made>(count: number, open: (n: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let at = 0; at < count; at += opensAtOnce) {
    const batch = Array.from({ length: Math.min(opensAtOnce, count - at) }, (_, index) => open(at + index));
    made.push(...(await Promise.all(batch)));
  }
  return made;
}

/** Writes one thing again and again, as fast as the other side takes it, until the socket is gone. */
export function writeEndlessly(socket: Socket, bytes: Buffer, written: () => void): void {
  const write = () => {
    if (socket.destroyed) return;
    written();
    if (socket.write(bytes)) setImmediate(write);
    else socket.once('drain', write);
  };
  write();
}

export function closeAll(sockets: Iterable<Socket | undefined>): void {
  for (const socket of sockets) socket?.destroy();
}

/** Sockets that are still open. */
export function openOf(sockets: readonly (Socket | undefined)[]): number {
  return sockets.filter((socket) => socket !== undefined && !socket.destroyed && !socket.readableEnded).length;
}
