/** What is simulated: cameras, gateways, hosts, and the loss of a zone. */

export interface Scene {
  readonly cameras: number;
  /** Frames per second of each camera. */
  readonly fps: number;
  readonly gateways: number;
  readonly hosts: number;
  /** Workers of each host. */
  readonly workers: number;
  /** Frames that may wait at each host, so that its workers are busy during the round trip to the gateways. */
  readonly waiting: number;
  /** Mean time that a frame takes on a worker. */
  readonly serviceMs: number;
  /** Standard deviation of that time, as a part of the mean; the distribution is log-normal. */
  readonly serviceDeviation: number;
  /** Mean round trip between gateway and host; each way takes 0.5 to 1.5 times half of it. */
  readonly roundTripMs: number;
  readonly maxWaitMs: number;
  /** The start, which is not counted. */
  readonly settleMs: number;
  /** Length of the measured time, or of each of its three parts if a zone is lost: before, without the zone, and after its return. */
  readonly phaseMs: number;
  /** Whether one of the three zones is lost. */
  readonly isZoneLost: boolean;
  readonly seed: number;
}

/** Gateways and hosts are divided among this many zones. */
export const zones = 3;

/** How often hosts divide their places anew. */
export const grantIntervalMs = 200;
/** How long a gateway waits for a host that is silent: the default of `STREAM_HOST_LOST_MS`. */
export const hostLostMs = 3000;
/** A camera whose connection is cut reconnects after a random time up to this one. */
export const maxReconnectMs = 1500;
/** After the zone's return, its cameras come back within this time, as with `STREAM_MAX_SESSION_AGE_S`. */
export const moveMs = 3000;

export const defaultScene: Scene = {
  ...{ cameras: 1000, fps: 1, gateways: 3, hosts: 6, workers: 8, waiting: 2 },
  ...{ serviceMs: 20, serviceDeviation: 0.3, roundTripMs: 1, maxWaitMs: 1000 },
  ...{ settleMs: 5000, phaseMs: 10_000, isZoneLost: false, seed: 1 },
};

/** Frames per second that all workers of a scene can run. */
export function capacityOf({ hosts, workers, serviceMs }: Scene): number {
  return (1000 * hosts * workers) / serviceMs;
}

export type PhaseName = 'settle' | 'steady' | 'before' | 'zone lost' | 'zone back';

export interface Phase {
  readonly name: PhaseName;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The first is not counted. */
export function phasesOf({ settleMs, phaseMs, isZoneLost }: Scene): Phase[] {
  const names: PhaseName[] = isZoneLost ? ['before', 'zone lost', 'zone back'] : ['steady'];
  const measured = names.map((name, index) => {
    const fromMs = settleMs + index * phaseMs;
    return { name, fromMs, untilMs: fromMs + phaseMs };
  });
  return [{ name: 'settle', fromMs: 0, untilMs: settleMs }, ...measured];
}
