/** Sessions that send frames or pings as fast as the gateway accepts them, some of which never read. */
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { type Attack, type Counts, type Flood, scaled, type Target } from '../flood.ts';
import { smallFrame } from '../small-frame.ts';
import { closeAll, countOpen, openMany, openStream, writeContinuously } from '../wire.ts';

const fastCameras = 50;
const pingingPeers = 16;
const slowReaders = 50;
/** Pings per write, each of the maximum size of the protocol. */
const pingsPerWrite = 64;
const pingBytes = 125;
const framesPerWrite = 4;

interface Peers {
  readonly count: number;
  readonly pipeline?: 'echo' | 'bulky';
  /** What each peer writes repeatedly; it contains `messages` messages. */
  readonly bytes: Buffer;
  readonly messages: number;
  readonly reads: boolean;
}

async function sendContinuously(
  target: Target,
  { count, pipeline = 'echo', bytes, messages, reads }: Peers,
): Promise<Attack> {
  let written = 0;
  const sockets = await openMany(scaled(target, count), (n) => openStream(target, n, { pipeline }));
  for (const socket of sockets) {
    if (socket === undefined) continue;
    if (reads) socket.resume();
    else socket.pause();
    writeContinuously(socket, bytes, () => {
      written += messages;
    });
  }
  return {
    stop: () => {
      // A peer that does not read does not notice a close.
      const seen: Counts = reads ? { open_at_the_end: countOpen(sockets) } : {};
      closeAll(sockets);
      return { peers: sockets.length, messages_written: written, ...seen };
    },
  };
}

const frames = () => repeated(clientFrame(opcode.binary, smallFrame()), framesPerWrite);
const pings = () => repeated(clientFrame(opcode.ping, Buffer.alloc(pingBytes)), pingsPerWrite);

function repeated(bytes: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}

export const busyPeers: readonly Flood[] = [
  {
    name: 'fast-cameras',
    about: `${fastCameras} cameras that send small frames as fast as they are accepted`,
    start: (target) =>
      sendContinuously(target, { count: fastCameras, bytes: frames(), messages: framesPerWrite, reads: true }),
  },
  {
    name: 'ping-flood/read',
    about: `${pingingPeers} sessions that send pings as fast as they are accepted and read the pongs`,
    start: (target) =>
      sendContinuously(target, { count: pingingPeers, bytes: pings(), messages: pingsPerWrite, reads: true }),
  },
  {
    name: 'ping-flood/unread',
    about: `${pingingPeers} sessions that send pings as fast as they are accepted and read nothing`,
    start: (target) =>
      sendContinuously(target, { count: pingingPeers, bytes: pings(), messages: pingsPerWrite, reads: false }),
  },
  {
    name: 'slow-readers/small',
    about: `${slowReaders} cameras that send small frames as fast as they are accepted and read nothing`,
    start: (target) =>
      sendContinuously(target, { count: slowReaders, bytes: frames(), messages: framesPerWrite, reads: false }),
  },
  {
    name: 'slow-readers/bulky',
    about: `the same, with 200 KB results`,
    start: (target) =>
      sendContinuously(target, {
        count: slowReaders,
        pipeline: 'bulky',
        bytes: frames(),
        messages: framesPerWrite,
        reads: false,
      }),
  },
];
