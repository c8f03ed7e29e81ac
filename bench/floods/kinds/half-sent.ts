/** Bodies and messages that are sent nearly to their end and held there. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { opcode } from '../../../test/support/raw-client.ts';
import { type Attack, type Flood, scaled, type Target } from '../flood.ts';
import { closeAll, dial, openMany, openOf, openStream } from '../wire.ts';

const megabyte = 1_048_576;
const bodies = 300;
const bodyBytes = 5 * megabyte;
const sentBodyBytes = 4.9 * megabyte;
const messages = 200;
/** Largest messages that some version of the gateway takes, and what is left unsent of one. */
const messageSizes = [20 * megabyte, 16 * megabyte, 6.25 * megabyte, 5 * megabyte];
const unsentBytes = 65_536;
const piece = Buffer.alloc(262_144);
/** Four gigabytes take their time at `nice 19`. */
const minSeconds = 12;
/** A header that says too much is answered with the end of the connection by then. */
const refusalMs = 500;
const finalBinary = 0x80 | opcode.binary;
const masked64 = 0x80 | 127;
/** Two bytes, a length of eight, a mask of four. */
const longHeaderBytes = 14;
const lengthAt = 2;
/** Answers are counted by their first line: `HTTP/1.1 503 …`. */
const statusPattern = /^HTTP\/1\.1 (\d{3})/;

async function sendBodies(target: Target): Promise<Attack> {
  const head = `POST /frames?pipeline_id=echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
  const answers: Record<string, number> = {};
  const sockets = Array.from({ length: scaled(target, bodies) }, (_, n) => {
    const socket = dial(target, n);
    socket.once('data', (piece: Buffer) => {
      const status = statusPattern.exec(piece.toString('latin1'))?.[1] ?? 'other';
      answers[`answered ${status}`] = (answers[`answered ${status}`] ?? 0) + 1;
    });
    socket.write(head);
    writeZeros(socket, sentBodyBytes);
    return socket;
  });
  return { stop: () => countAndClose(sockets, answers) };
}

/** The largest message that the gateway begins to take. */
async function maxMessageBytes(target: Target): Promise<number> {
  for (const bytes of messageSizes) {
    const socket = await openStream(target, 0);
    socket?.resume().write(headerOf(bytes));
    await sleep(refusalMs);
    const isTaken = openOf([socket]) === 1;
    socket?.destroy();
    if (isTaken) return bytes;
  }
  throw new Error('the gateway takes none of the sizes');
}

function headerOf(bytes: number): Buffer {
  const header = Buffer.alloc(longHeaderBytes);
  header[0] = finalBinary;
  header[1] = masked64;
  header.writeBigUInt64BE(BigInt(bytes), lengthAt);
  return header;
}

/** In pieces: what the kernel has taken is only known of whole writes. */
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
  const held = openOf(sockets);
  const sent = sockets.reduce((sum, socket) => sum + (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0), 0);
  closeAll(sockets);
  return { sockets: sockets.length, held, megabytes_taken: Math.round(sent / megabyte), ...more };
}

export const halfSent: readonly Flood[] = [
  { name: 'half-bodies', about: `${bodies} POST /frames with 4.9 of 5 MB, held`, start: sendBodies },
  {
    name: 'half-messages',
    about: `${messages} messages of the largest size without their last 64 KB, held`,
    minSeconds,
    start: sendMessages,
  },
];
