/** Sockets of an attacker, with their own source addresses; errors are ignored. Attacker processes. */
import { connect, type Socket } from 'node:net';
import { clientFrame, opcode, upgradeRequest } from '../../test/support/raw-client.ts';
import type { Target } from './flood.ts';

/** Maximum time for an upgrade response. */
const upgradeTimeoutMs = 5000;
/** Connections opened concurrently. */
const connectBatchSize = 100;
const upgraded = 'HTTP/1.1 101';
const headEnd = '\r\n\r\n';
const pongOpcode = 10;
const pingByte = 0x80 | opcode.ping;
/** Header length of an unmasked frame with less than 126 bytes of payload. */
const shortHeaderBytes = 2;

/** Starts connecting from the address of the attacker's `n`th peer. Errors lead to `close`. */
export function dial({ host, port, addresses }: Target, n: number): Socket {
  const socket = connect({ host, port, localAddress: `127.0.1.${1 + (n % addresses)}`, noDelay: true });
  socket.on('error', () => undefined);
  return socket;
}

/** Resolves with whether the connection succeeded. */
export function connected(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
}

/**
 * Opens a session.
 * @param failed called with the reason if there was no `101` response.
 * @returns the paused socket, with any bytes after the response still to be read; `undefined` without a `101`.
 */
export async function openStream(
  target: Target,
  n: number,
  { pipeline = 'echo', failed = (_: string): void => undefined } = {},
): Promise<Socket | undefined> {
  const socket = dial(target, n);
  socket.write(upgradeRequest(pipeline));
  const issue = await new Promise<string | undefined>((resolve) => {
    const limit = setTimeout(() => resolve('late'), upgradeTimeoutMs);
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
      // An error message often arrives in the same packet.
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

/** Reads everything and answers pings. */
export function answerPings(socket: Socket): void {
  socket.on('data', (piece: Buffer) => {
    if (piece[0] === pingByte) socket.write(clientFrame(pongOpcode, piece.subarray(shortHeaderBytes)));
  });
  socket.resume();
}

/** Opens `count` connections, one batch at a time. */
export async function openMany<Made>(count: number, open: (n: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let at = 0; at < count; at += connectBatchSize) {
    const batch = Array.from({ length: Math.min(connectBatchSize, count - at) }, (_, index) => open(at + index));
    made.push(...(await Promise.all(batch)));
  }
  return made;
}

/** Writes the same bytes repeatedly, as fast as the peer accepts them, until the socket is destroyed. */
export function writeContinuously(socket: Socket, bytes: Buffer, written: () => void): void {
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

/** Number of sockets that are still open. */
export function countOpen(sockets: readonly (Socket | undefined)[]): number {
  return sockets.filter((socket) => socket !== undefined && !socket.destroyed && !socket.readableEnded).length;
}
