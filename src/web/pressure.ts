/** The gateway's backpressure as seen by the client: one of three states, and a sentence. Pure. */

export type Pressure = 'normal' | 'reduced' | 'slow_down';

export interface PressureInput {
  readonly adapt: boolean;
  /** Current rate limit of the client, in frames per second. */
  readonly allowedFps: number;
  /** Rate set by the slider and limited by the source, in frames per second. */
  readonly wantedFps: number;
  readonly dropRate: number;
  /** Undefined before the first `slow_down`. */
  readonly sinceSlowDownMs: number | undefined;
}

/** How long a `slow_down` counts. The gateway repeats it about once a second while it applies. */
const slowDownLastsMs = 2500;
/** A limit below this part of the wanted rate counts as reduced; a smaller reduction is not noticeable. */
const reducedBelow = 0.95;
/** Drop rate above which the text mentions drops. */
const highDropRate = 0.1;

export function pressureOf({ adapt, allowedFps, wantedFps, sinceSlowDownMs }: PressureInput): Pressure {
  if (sinceSlowDownMs !== undefined && sinceSlowDownMs < slowDownLastsMs) return 'slow_down';
  return adapt && allowedFps < reducedBelow * wantedFps ? 'reduced' : 'normal';
}

/** A sentence that describes the state. */
export function pressureText(input: PressureInput): string {
  switch (pressureOf(input)) {
    case 'slow_down':
      return input.adapt
        ? 'The gateway asked for fewer frames, and the client reduced its rate.'
        : 'The gateway asks for fewer frames. Lower the rate or turn on “Adapt”.';
    case 'reduced':
      return 'The client sends fewer frames than you set: as many as the gateway can process.';
    case 'normal':
      return input.dropRate > highDropRate
        ? 'Some frames are dropped because no worker is free in time.'
        : 'The gateway keeps up.';
  }
}
