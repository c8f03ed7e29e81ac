/** Simulates cameras that send to a pool of workers, in made-up time, to see who gets served. Tests only. */
import { FairShare } from '../../src/pool/fair-share.ts';
import type { Verdict } from '../../src/pool/pool.ts';
import { seededRandom } from '../../src/samples/seeded-random.ts';

export { jainIndex } from '../../src/load/tally.ts';

/** A camera that sends at a fixed rate; its frames come at `phaseMs`, `phaseMs + intervalMs`, and so on. */
export interface Camera {
  readonly intervalMs: number;
  readonly phaseMs: number;
  /** How much a frame may be early or late; exact, where left out. */
  readonly jitterMs?: number;
  /** When it stops sending, its session still open; never, where left out. */
  readonly untilMs?: number;
}

export interface Scene {
  readonly cameras: readonly Camera[];
  readonly workers: number;
  readonly serviceMs: number;
  readonly durationMs: number;
  /** Frames before this are not counted, so that the averages have settled. */
  readonly settleMs: number;
}

/** Decides on a frame; `taken` and `answered` follow when it says `accepted`. */
export type Admission = Pick<FairShare, 'open' | 'arrive' | 'taken' | 'answered'>;

/** What happened to one camera's frames. */
export interface Tally {
  sent: number;
  served: number;
  /** The longest run of frames that were refused one after the other. */
  longestDrought: number;
  drought: number;
  readonly refusals: Record<Exclude<Verdict, 'accepted'>, number>;
}

interface Arrival {
  readonly atMs: number;
  readonly camera: number;
}

/** Takes a frame whenever a worker is free: what a gateway without fair share would do. */
export function firstCome(): Admission {
  return {
    open: () => undefined,
    arrive: (_session, _nowMs, free) => (free > 0 ? 'accepted' : 'pool_full'),
    taken: () => undefined,
    answered: () => undefined,
  };
}

/** Runs a scene. @returns one tally a camera, in their order. */
export function simulate(scene: Scene, admission: Admission = new FairShare()): Tally[] {
  const tallies = scene.cameras.map(() => ({
    sent: 0,
    served: 0,
    longestDrought: 0,
    drought: 0,
    refusals: { pool_full: 0, session_limit: 0, yielded: 0 },
  }));
  for (const camera of scene.cameras.keys()) admission.open(nameOf(camera));
  let working: { doneMs: number; camera: number }[] = [];
  for (const { atMs, camera } of arrivalsOf(scene)) {
    for (const done of working.filter(({ doneMs }) => doneMs <= atMs)) {
      admission.answered(nameOf(done.camera), scene.serviceMs);
    }
    working = working.filter(({ doneMs }) => doneMs > atMs);
    const verdict = admission.arrive(nameOf(camera), atMs, scene.workers - working.length, scene.workers);
    if (verdict === 'accepted') {
      admission.taken(nameOf(camera), atMs);
      working.push({ doneMs: atMs + scene.serviceMs, camera });
    }
    if (atMs >= scene.settleMs) note(tallies[camera] as Tally, verdict);
  }
  return tallies;
}

export function totalServed(tallies: readonly Tally[]): number {
  return tallies.reduce((total, tally) => total + tally.served, 0);
}

function nameOf(camera: number): string {
  return `camera ${camera}`;
}

/** All frames of all cameras by time; those of the same instant in the order of the cameras. */
function arrivalsOf({ cameras, durationMs }: Scene): Arrival[] {
  const random = seededRandom(cameras.length);
  const arrivals = cameras.flatMap(({ intervalMs, phaseMs, jitterMs = 0, untilMs = durationMs }, camera) => {
    const frames = Math.max(0, Math.ceil((Math.min(untilMs, durationMs) - phaseMs) / intervalMs));
    const lateMs = () => jitterMs * (2 * random() - 1);
    return Array.from({ length: frames }, (_, frame) => ({ atMs: phaseMs + frame * intervalMs + lateMs(), camera }));
  });
  return arrivals.sort((a, b) => a.atMs - b.atMs || a.camera - b.camera);
}

function note(tally: Tally, verdict: Verdict): void {
  tally.sent += 1;
  if (verdict === 'accepted') {
    tally.served += 1;
    tally.drought = 0;
    return;
  }
  tally.refusals[verdict] += 1;
  tally.drought += 1;
  tally.longestDrought = Math.max(tally.longestDrought, tally.drought);
}

/** Fair share with these sessions open. */
export function openShares(...sessions: string[]): FairShare {
  const shares = new FairShare();
  for (const session of sessions) shares.open(session);
  return shares;
}

/** A frame that comes and, if accepted, is counted. */
export function send(shares: FairShare, session: string, nowMs: number, free: number, workers: number): Verdict {
  const verdict = shares.arrive(session, nowMs, free, workers);
  if (verdict === 'accepted') shares.taken(session, nowMs);
  return verdict;
}
