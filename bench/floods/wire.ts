/** Sockets of an attacker: from an address of its own, and without a word about what goes wrong. Attackers' processes. */
import { connect, type Socket } from 'node:net';
import { clientFrame, opcode, upgradeRequest } from '../../test/support/raw-client.ts';
import type { Target } from './flood.ts';

/** An upgrade that has no answer by then will have none. */
const upgradeLimitMs = 5000;
/** Connections that are opened at the same time. */
const opensAtOnce = 100;
const upgraded = 'HTTP/1.1 101';
const headEnd = '\r\n\r\n';
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
 * @param failed is told why there was no `101`.
 * @returns the socket, paused, with all that came behind the answer still to be read; `undefined` where there was no `101`.
 */
export async function openStream(
  target: Target,
  n: number,
  { pipeline = 'echo', failed = (_: string): void => undefined } = {},
): Promise<Socket | undefined> {
  const socket = dial(target, n);
  socket.write(upgradeRequest(pipeline));
  const issue = await new Promise<string | undefined>((resolve) => {
    const limit = setTimeout(() => resolve('late'), upgradeLimitMs);
    const settle = (why: string | undefined) => {
      clearTimeout(limit);
      resolve(why);
    };
    let head = '';
    const read = (piece: Buffer) => {
      head += piece.toString('latin1');
      const end = head.indexOf(headEnd);
      if (end < 0) return;
      socket.off('data', read).pause();
      // A refusal often comes in the same packet.
      const rest = head.slice(end + headEnd.length);
      if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'));
      settle(head.startsWith(upgraded) ? undefined : head.slice(0, upgraded.length));
    };
    socket.on('data', read);
    socket.once('error', ({ code }: NodeJS.ErrnoException) => settle(code ?? 'error'));
    socket.once('close', () => settle('closed'));
  });
  if (issue === undefined) return socket;
  failed(issue);
  socket.destroy();
  return undefined;
}

/** Reads all and answers pings. */
export function answerPings(socket: Socket): void {
  socket.on('data', (piece: Buffer) => {
    if (piece[0] === pingByte) socket.write(clientFrame(pongOpcode, piece.subarray(shortHeaderBytes)));
  });
  socket.resume();
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
