/** Sessions that send frames or pings as fast as the gateway takes them, and some that never read. */
import { clientFrame, opcode } from '../../../test/support/raw-client.ts';
import { type Attack, type Counts, type Flood, scaled, type Target } from '../flood.ts';
import { smallFrame } from '../small-frame.ts';
import { closeAll, openMany, openOf, openStream, writeEndlessly } from '../wire.ts';

const fastCameras = 50;
const pingingPeers = 16;
const slowReaders = 50;
/** Pings that go out in one write; the largest that the protocol has. */
const pingsAtOnce = 64;
const pingBytes = 125;
const framesAtOnce = 4;

interface Peers {
  readonly count: number;
  readonly pipeline?: 'echo' | 'bulky';
  /** What each writes again and again, of how many messages. */
  readonly bytes: Buffer;
  readonly messages: number;
  readonly reads: boolean;
}

async function sendEndlessly(
  target: Target,
  { count, pipeline = 'echo', bytes, messages, reads }: Peers,
): Promise<Attack> {
  let written = 0;
  const sockets = await openMany(scaled(target, count), (n) => openStream(target, n, { pipeline }));
  for (const socket of sockets) {
    if (socket === undefined) continue;
    if (reads) socket.resume();
    else socket.pause();
    writeEndlessly(socket, bytes, () => {
      written += messages;
    });
  }
  return {
    stop: () => {
      // A peer that does not read does not see the end either.
      const seen: Counts = reads ? { open_at_the_end: openOf(sockets) } : {};
      closeAll(sockets);
      return { peers: sockets.length, messages_written: written, ...seen };
    },
  };
}

const frames = () => repeated(clientFrame(opcode.binary, smallFrame()), framesAtOnce);
const pings = () => repeated(clientFrame(opcode.ping, Buffer.alloc(pingBytes)), pingsAtOnce);

function repeated(bytes: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}

export const busyPeers: readonly Flood[] = [
  {
    name: 'fast-cameras',
    about: `${fastCameras} cameras that send small frames as fast as they are taken`,
    start: (target) =>
      sendEndlessly(target, { count: fastCameras, bytes: frames(), messages: framesAtOnce, reads: true }),
  },
  {
    name: 'ping-flood/read',
    about: `${pingingPeers} sessions that send pings as fast as they are taken, and read the pongs`,
    start: (target) =>
      sendEndlessly(target, { count: pingingPeers, bytes: pings(), messages: pingsAtOnce, reads: true }),
  },
  {
    name: 'ping-flood/unread',
    about: `${pingingPeers} sessions that send pings as fast as they are taken, and read nothing`,
    start: (target) =>
      sendEndlessly(target, { count: pingingPeers, bytes: pings(), messages: pingsAtOnce, reads: false }),
  },
  {
    name: 'slow-readers/small',
    about: `${slowReaders} cameras that send small frames as fast as they are taken, and read nothing`,
    start: (target) =>
      sendEndlessly(target, { count: slowReaders, bytes: frames(), messages: framesAtOnce, reads: false }),
  },
  {
    name: 'slow-readers/bulky',
    about: `the same with results of 200 KB`,
    start: (target) =>
      sendEndlessly(target, {
        count: slowReaders,
        pipeline: 'bulky',
        bytes: frames(),
        messages: framesAtOnce,
        reads: false,
      }),
  },
];
