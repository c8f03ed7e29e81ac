/** The last sessions that ended, and what is remembered of each camera's earlier sessions. In memory only. Main thread. */
import type { Observers } from '../observe/observer.ts';
import { timestamp } from '../observe/timestamp.ts';
import { cameraKey, type EarlierSessions, type EndedSession } from '../status.ts';
import { problemOfEnd } from './diagnosis.ts';

/** With fewer than some dozen, a camera that reconnects in a loop would displace all others. */
const maxSessions = 100;
/** Cameras whose ends are remembered. A client that invents names displaces the ones that ended longest ago. */
const maxCameras = 1000;
/** Ends that are remembered of a camera. */
const maxEnds = 50;
/** How long an end counts. */
const countedMs = 600_000;
const msPerSecond = 1000;

interface End {
  readonly atMs: number;
  readonly wasCut: boolean;
}

interface History {
  readonly ends: End[];
  lastError: (Omit<NonNullable<EarlierSessions['last_error']>, 'seconds_ago'> & { readonly atMs: number }) | undefined;
}

export class EndedSessions {
  readonly #newestLast: EndedSession[] = [];
  /** The camera whose session ended last is the last. */
  readonly #byCamera = new Map<string, History>();

  constructor(observers: Pick<Observers, 'on'>) {
    observers.on('sessionEnded', (_source, { status, by, closeCode, error }) => {
      if (this.#newestLast.length >= maxSessions) this.#newestLast.shift();
      const ended: EndedSession = {
        ...status,
        ended_at: timestamp(),
        ended_by: by,
        close_code: closeCode,
        ...(error === undefined ? {} : { error: error.code, detail: error.detail }),
      };
      const problem = problemOfEnd(ended);
      this.#newestLast.push(problem === undefined ? ended : { ...ended, problem });
      this.#remember(ended, performance.now());
    });
  }

  /** Newest first. */
  get list(): EndedSession[] {
    return this.#newestLast.toReversed();
  }

  /** What is known of the earlier sessions of a camera. */
  earlierOf(camera: Parameters<typeof cameraKey>[0], nowMs: number): EarlierSessions {
    const { ends = [], lastError } = this.#byCamera.get(cameraKey(camera)) ?? {};
    const counted = ends.filter(({ atMs }) => nowMs - atMs < countedMs);
    const counts = { reconnects: counted.length, cuts: counted.filter(({ wasCut }) => wasCut).length };
    if (lastError === undefined) return counts;
    const { code, detail, atMs } = lastError;
    return { ...counts, last_error: { code, detail, seconds_ago: Math.round((nowMs - atMs) / msPerSecond) } };
  }

  #remember(ended: EndedSession, nowMs: number): void {
    const key = cameraKey(ended);
    const history = this.#byCamera.get(key) ?? { ends: [], lastError: undefined };
    this.#byCamera.delete(key);
    this.#byCamera.set(key, history);
    const [oldest] = this.#byCamera.keys();
    if (this.#byCamera.size > maxCameras && oldest !== undefined) this.#byCamera.delete(oldest);
    if (history.ends.length >= maxEnds) history.ends.shift();
    history.ends.push({ atMs: nowMs, wasCut: ended.ended_by === 'network' });
    const { error: code, detail = '' } = ended;
    if (code !== undefined) history.lastError = { code, detail, atMs: nowMs };
  }
}
