/** Asks the gateway for `/healthz` all the time: how late its loop is, and whether new connections are answered. Main thread. */
import { connect, type Socket } from 'node:net';

/** So often it is asked on the connection that stays. */
const probeIntervalMs = 10;
/** So often on a new one, which has this long to be answered. */
const freshIntervalMs = 500;
const freshLimitMs = 2000;

/** Round trips and refusals of one window. */
export interface ProbeRecord {
  /** Milliseconds; a probe that could not be sent because of the one before it counts with how late its answer would have been. */
  readonly roundTripsMs: readonly number[];
  /** Times that the connection that stays was lost. */
  readonly lost: number;
  /** New connections that had a 200 in time, of those that were tried. */
  readonly freshAnswered: number;
  readonly freshTried: number;
}

export interface Probe {
  stop(): Promise<ProbeRecord>;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A stalled answer stands for all the probes that would have been sent meanwhile. */
export function withSkipped(roundTripMs: number, intervalMs: number): number[] {
  const trips: number[] = [];
  for (let ms = roundTripMs; ms > 0 && (ms === roundTripMs || ms >= intervalMs); ms -= intervalMs) trips.push(ms);
  return trips;
}

export function startProbe(address: Address): Probe {
  const trips: number[] = [];
  let lost = 0;
  let sentMs: number | undefined;
  let socket = open();
  const timer = setInterval(() => {
    if (sentMs !== undefined || socket.readyState !== 'open') return;
    sentMs = performance.now();
    socket.write(requestOf('keep-alive'));
  }, probeIntervalMs);
  const fresh = startFresh(address);

  function open(): Socket {
    const opened = connect({ ...address, noDelay: true });
    opened.on('error', () => undefined);
    opened.on('data', () => answered());
    opened.once('close', () => {
      lost += 1;
      answered();
      setTimeout(() => {
        if (timer.hasRef()) socket = open();
      }, probeIntervalMs);
    });
    return opened;
  }

  function answered(): void {
    if (sentMs !== undefined) trips.push(...withSkipped(performance.now() - sentMs, probeIntervalMs));
    sentMs = undefined;
  }

  return {
    stop: async () => {
      answered();
      clearInterval(timer);
      timer.unref();
      socket.removeAllListeners('close').destroy();
      return { roundTripsMs: trips, lost, ...(await fresh.stop()) };
    },
  };
}

function startFresh(address: Address) {
  const asked: Promise<boolean>[] = [];
  const timer = setInterval(() => asked.push(askOnce(address)), freshIntervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      const answers = await Promise.all(asked);
      return { freshTried: answers.length, freshAnswered: answers.filter(Boolean).length };
    },
  };
}

/** @returns whether a new connection has its 200 within the limit. */
export function askOnce(address: Address, limitMs = freshLimitMs): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const settle = (isAnswered: boolean) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(isAnswered);
    };
    const limit = setTimeout(() => settle(false), limitMs);
    socket.on('error', () => undefined);
    socket.once('close', () => settle(false));
    socket.once('data', (piece) => settle(piece.toString('latin1').startsWith('HTTP/1.1 200')));
    socket.write(requestOf('close'));
  });
}

function requestOf(connection: string): string {
  return `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: ${connection}\r\n\r\n`;
}
