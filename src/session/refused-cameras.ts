/** The cameras whose last connection was refused, so that they have no session to be found by. In memory only. Main thread. */
import type { Observers, Refusal } from '../observe/observer.ts';
import { timestamp } from '../observe/timestamp.ts';
import type { ProblemCode, RefusedCamera } from '../status.ts';
import { problem } from './diagnosis.ts';

/** A client that invents names displaces the cameras that were refused longest ago. */
const maxCameras = 100;
/** A camera that has not tried again for this long has probably been removed. */
const rememberedMs = 600_000;
/** A peer chooses its pipeline id, and so a part of the detail. */
const maxTextLength = 200;
const msPerSecond = 1000;

interface Refused extends Refusal {
  readonly times: number;
  readonly lastMs: number;
  readonly refusedAt: string;
}

export class RefusedCameras {
  /** The camera that was refused last is the last. */
  readonly #byCamera = new Map<string, Refused>();

  constructor(observers: Pick<Observers, 'on'>) {
    observers.on('refused', (refusal) => {
      if (refusal.endpoint === 'stream') this.#remember(refusal, performance.now());
    });
    observers.on('sessionOpened', (source) => this.#byCamera.delete(keyOf(source)));
  }

  /** Those refused in the last ten minutes and not connected since, the last one first. */
  list(nowMs: number): RefusedCamera[] {
    const recent = [...this.#byCamera.values()].filter(({ lastMs }) => nowMs - lastMs < rememberedMs);
    return recent.toReversed().map((refused) => describe(refused, nowMs));
  }

  #remember(refusal: Refusal, nowMs: number): void {
    const key = keyOf(refusal);
    const times = (this.#byCamera.get(key)?.times ?? 0) + 1;
    this.#byCamera.delete(key);
    this.#byCamera.set(key, { ...refusal, times, lastMs: nowMs, refusedAt: timestamp() });
    const [oldest] = this.#byCamera.keys();
    if (this.#byCamera.size > maxCameras && oldest !== undefined) this.#byCamera.delete(oldest);
  }
}

function describe(refused: Refused, nowMs: number): RefusedCamera {
  const { camera, address, pipelineId, code, times, lastMs, refusedAt } = refused;
  const detail = refused.detail.slice(0, maxTextLength);
  const ago = Math.round((nowMs - lastMs) / msPerSecond);
  const count = times === 1 ? 'once' : `${times} times`;
  return {
    ...(camera === undefined ? {} : { camera }),
    ...{ address, ...(pipelineId === undefined ? {} : { pipeline: pipelineId.slice(0, maxTextLength) }) },
    ...{ refused_at: refusedAt, times, code, detail },
    problem: problem(problemOf(code), `Its connection was refused ${count}, the last time ${ago} s ago: ${detail}.`),
  };
}

function problemOf(code: Refusal['code']): ProblemCode {
  if (code === 'server_busy') return 'gateway_busy';
  return code === 'too_many_requests' ? 'too_many_frames' : 'refused';
}

/** A camera that was refused because of its pipeline comes back with another one. */
function keyOf({ camera, address }: Pick<Refusal, 'camera' | 'address'>): string {
  return JSON.stringify([camera, address]);
}
