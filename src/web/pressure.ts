/** What a client can know of the gateway's backpressure, in three states and one sentence. Pure. */

export type Pressure = 'normal' | 'reduced' | 'slow_down';

export interface PressureSigns {
  readonly adapt: boolean;
  /** Frames a second that the client allows itself. */
  readonly allowedFps: number;
  /** Frames a second that the sliders and the source would give. */
  readonly wantedFps: number;
  readonly dropRate: number;
  /** Undefined before the first `slow_down`. */
  readonly sinceSlowDownMs: number | undefined;
}

/** The gateway repeats `slow_down` at most once a second while it means it. */
const slowDownLastsMs = 2500;
/** A client that allows a little less than is wanted is not held back in any way that is seen. */
const nearlyAll = 0.95;
/** Drops that are worth a word. */
const manyDropped = 0.1;

export function pressureOf({ adapt, allowedFps, wantedFps, sinceSlowDownMs }: PressureSigns): Pressure {
  if (sinceSlowDownMs !== undefined && sinceSlowDownMs < slowDownLastsMs) return 'slow_down';
  return adapt && allowedFps < nearlyAll * wantedFps ? 'reduced' : 'normal';
}

/** The state in words, for people. */
export function pressureWords(signs: PressureSigns): string {
  switch (pressureOf(signs)) {
    case 'slow_down':
      return signs.adapt
        ? 'The gateway asked for fewer frames, and the client sends fewer.'
        : 'The gateway asks for fewer frames. Lower the rate, or switch “Adapt” on.';
    case 'reduced':
      return 'The client sends fewer than you ask for: as many as the gateway can work on.';
    case 'normal':
      return signs.dropRate > manyDropped
        ? 'Some frames find no free worker in time and are dropped.'
        : 'The gateway takes what is sent.';
  }
}
