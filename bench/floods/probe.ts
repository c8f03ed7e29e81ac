/** Polls `/healthz` to measure the delay of the gateway's event loop and whether it serves new connections. Main thread. */
import { connect, type Socket } from 'node:net';

/** Poll interval on the persistent connection. */
const probeIntervalMs = 10;
/** Interval and timeout of probes on new connections. */
const newConnectionIntervalMs = 500;
const newConnectionTimeoutMs = 2000;

/** Round trips and failures of one window. */
export interface ProbeRecord {
  /** Milliseconds. Probes that were delayed by the previous one are included with the round trip they would have had. */
  readonly roundTripsMs: readonly number[];
  /** Number of times the persistent connection was lost. */
  readonly lost: number;
  /** New connections with a 200 response in time, and all attempts. */
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

/** A stalled response represents all the probes that would have been sent in the meantime. */
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
  const fresh = startConnectionProbe(address);

  function open(): Socket {
    const opened = connect({ ...address, noDelay: true });
    opened.on('error', () => undefined);
    opened.on('data', () => recordRoundTrip());
    opened.once('close', () => {
      lost += 1;
      recordRoundTrip();
      setTimeout(() => {
        if (timer.hasRef()) socket = open();
      }, probeIntervalMs);
    });
    return opened;
  }

  function recordRoundTrip(): void {
    if (sentMs !== undefined) trips.push(...withSkipped(performance.now() - sentMs, probeIntervalMs));
    sentMs = undefined;
  }

  return {
    stop: async () => {
      recordRoundTrip();
      clearInterval(timer);
      timer.unref();
      socket.removeAllListeners('close').destroy();
      return { roundTripsMs: trips, lost, ...(await fresh.stop()) };
    },
  };
}

function startConnectionProbe(address: Address) {
  const probes: Promise<boolean>[] = [];
  const timer = setInterval(() => probes.push(probeOnce(address)), newConnectionIntervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      const outcomes = await Promise.all(probes);
      return { freshTried: outcomes.length, freshAnswered: outcomes.filter(Boolean).length };
    },
  };
}

/** @returns whether a new connection gets a 200 response within the limit. */
export function probeOnce(address: Address, limitMs = newConnectionTimeoutMs): Promise<boolean> {
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
