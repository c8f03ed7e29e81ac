/** Request bodies and messages that are sent except for their end and held open. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { opcode } from '../../../test/support/raw-client.ts';
import { type Attack, type Flood, scaled, type Target } from '../flood.ts';
import { closeAll, countOpen, dial, openMany, openStream } from '../wire.ts';

const megabyte = 1_048_576;
const bodies = 300;
const bodyBytes = 5 * megabyte;
const sentBodyBytes = 4.9 * megabyte;
const messages = 200;
/** Maximum message sizes of different gateway versions, and the part of a message that is not sent. */
const messageSizes = [20 * megabyte, 16 * megabyte, 6.25 * megabyte, 5 * megabyte];
const unsentBytes = 65_536;
const piece = Buffer.alloc(262_144);
/** Sending four gigabytes takes time at nice 19. */
const minSeconds = 12;
/** The gateway closes the connection within this time if a header announces too much. */
const refusalMs = 500;
const finalBinary = 0x80 | opcode.binary;
const masked64 = 0x80 | 127;
/** Two bytes, eight bytes of length, four bytes of mask. */
const longHeaderBytes = 14;
const lengthAt = 2;
/** Responses are counted by status: `HTTP/1.1 503 …`. */
const statusPattern = /^HTTP\/1\.1 (\d{3})/;

async function sendBodies(target: Target): Promise<Attack> {
  const head = `POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
  const responses: Record<string, number> = {};
  const sockets = Array.from({ length: scaled(target, bodies) }, (_, n) => {
    const socket = dial(target, n);
    socket.once('data', (piece: Buffer) => {
      const status = statusPattern.exec(piece.toString('latin1'))?.[1] ?? 'other';
      responses[`answered ${status}`] = (responses[`answered ${status}`] ?? 0) + 1;
    });
    socket.write(head);
    writeZeros(socket, sentBodyBytes);
    return socket;
  });
  return { stop: () => countAndClose(sockets, responses) };
}

/** The largest message size that the gateway starts to receive. */
async function maxMessageBytes(target: Target): Promise<number> {
  for (const bytes of messageSizes) {
    const socket = await openStream(target, 0);
    socket?.resume().write(headerOf(bytes));
    await sleep(refusalMs);
    const isAccepted = countOpen([socket]) === 1;
    socket?.destroy();
    if (isAccepted) return bytes;
  }
  throw new Error('the gateway accepts none of the message sizes');
}

function headerOf(bytes: number): Buffer {
  const header = Buffer.alloc(longHeaderBytes);
  header[0] = finalBinary;
  header[1] = masked64;
  header.writeBigUInt64BE(BigInt(bytes), lengthAt);
  return header;
}

/** Writes in pieces: Node only knows the bytes that the kernel accepted per completed write. */
function writeZeros(socket: Socket, bytes: number): void {
  const whole = Math.floor(bytes / piece.length);
  for (let sent = 0; sent < whole; sent++) socket.write(piece);
  socket.write(piece.subarray(0, Math.round(bytes - whole * piece.length)));
}

async function sendMessages(target: Target): Promise<Attack> {
  const bytes = await maxMessageBytes(target);
  const sockets = await openMany(scaled(target, messages), (n) => openStream(target, n));
  for (const socket of sockets) {
    socket?.resume().write(headerOf(bytes));
    if (socket !== undefined) writeZeros(socket, bytes - unsentBytes);
  }
  return { stop: () => countAndClose(sockets, { megabytes_each: bytes / megabyte }) };
}

function countAndClose(sockets: readonly (Socket | undefined)[], more: Record<string, number>): Record<string, number> {
  const held = countOpen(sockets);
  const sent = sockets.reduce((sum, socket) => sum + (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0), 0);
  closeAll(sockets);
  return { sockets: sockets.length, held, megabytes_taken: Math.round(sent / megabyte), ...more };
}

export const halfSent: readonly Flood[] = [
  { name: 'half-bodies', about: `${bodies} POST /frames requests with 4.9 of 5 MB sent, held open`, start: sendBodies },
  {
    name: 'half-messages',
    about: `${messages} messages of the maximum size without their last 64 KB, held open`,
    minSeconds,
    start: sendMessages,
  },
];
