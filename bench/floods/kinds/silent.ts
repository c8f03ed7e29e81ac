/** Idle connections and sessions, up to the gateway's limits of sessions and file descriptors. */
import type { Socket } from 'node:net';
import { type Attack, type Flood, scaled, type Target } from '../flood.ts';
import { answerPings, closeAll, connected, countOpen, dial, openMany, openStream } from '../wire.ts';

/** The default of STREAM_MAX_SESSIONS. */
const sessions = 256;
const connections = 5000;
const raisedSessions = 10_000;
/** The gateway closes idle connections after some seconds; they are reopened after this delay. */
const reopenAfterMs = 100;
const maxOpenFiles = 256;
const tooManyConnections = 400;

async function holdSessions(target: Target): Promise<Attack> {
  const sockets = await openMany(scaled(target, sessions), (n) => openStream(target, n));
  for (const socket of sockets) if (socket !== undefined) answerPings(socket);
  return {
    stop: () => {
      const held = countOpen(sockets);
      closeAll(sockets);
      return { sessions: sockets.length, held };
    },
  };
}

/** Half of them plain TCP, half upgraded. */
async function holdConnections(target: Target): Promise<Attack> {
  const upgraded = await openMany(scaled(target, connections / 2), (n) => openStream(target, n));
  for (const socket of upgraded) if (socket !== undefined) answerPings(socket);
  const bare = new BareConnections(target);
  await bare.open(scaled(target, connections / 2));
  return {
    stop: () => {
      const counts = { upgraded: countOpen(upgraded), bare: bare.close(), opened_again: bare.reopened };
      closeAll(upgraded);
      return counts;
    },
  };
}

/** Keeps a constant number of plain TCP connections open. */
class BareConnections {
  reopened = 0;
  readonly #target: Target;
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  constructor(target: Target) {
    this.#target = target;
  }

  async open(count: number): Promise<void> {
    await openMany(count, (n) => this.#keepOpen(n));
  }

  close(): number {
    this.#isOver = true;
    const { size } = this.#sockets;
    closeAll(this.#sockets);
    return size;
  }

  #keepOpen(n: number): Promise<boolean> {
    const socket = dial(this.#target, n).resume();
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      setTimeout(() => this.#reopen(n), reopenAfterMs);
    });
    return connected(socket);
  }

  #reopen(n: number): void {
    if (this.#isOver) return;
    this.reopened += 1;
    this.#keepOpen(n);
  }
}

async function exhaustDescriptors(target: Target): Promise<Attack> {
  const bare = new BareConnections(target);
  await bare.open(scaled(target, tooManyConnections));
  return { stop: () => ({ open_at_the_end: bare.close(), opened_again: bare.reopened }) };
}

export const silent: readonly Flood[] = [
  {
    name: 'silent-sessions',
    about: `${sessions} sessions that answer pings and send nothing; the cameras connect after them`,
    env: { STREAM_MAX_SESSIONS: String(sessions) },
    beforeCameras: true,
    start: holdSessions,
  },
  {
    name: 'silent-connections',
    about: `${connections} connections, half of them upgraded, that send nothing`,
    env: { STREAM_MAX_SESSIONS: String(raisedSessions) },
    beforeCameras: true,
    start: holdConnections,
  },
  {
    name: 'descriptors',
    about: `${tooManyConnections} connections to a gateway with a limit of ${maxOpenFiles} open files`,
    maxFiles: maxOpenFiles,
    start: exhaustDescriptors,
  },
];
