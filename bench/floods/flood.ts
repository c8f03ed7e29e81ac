/** Definition of a flood: its name, the gateway settings it needs, and how its attacker starts and stops. */

/** Address of the gateway, and size of the flood. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Attackers use this many addresses of 127.0.1.0/24; the cameras use 127.0.0.1. */
  readonly addresses: number;
  /** 1 is the size in the description; tests use a small fraction. */
  readonly scale: number;
}

/** An attacker's counters by readable name. */
export type Counts = Record<string, number>;

/** A running flood. */
export interface Attack {
  /** Stops it, and waits for pending operations if they count. */
  stop(): Counts | Promise<Counts>;
}

/** Target of the gateway's standard error: a pipe that is read, a pipe that is not read, or a full disk. */
export type ErrorOutput = 'read' | 'unread' | 'full';

export interface Flood {
  /** `group` or `group/variant`. */
  readonly name: string;
  /** One-line description. */
  readonly about: string;
  /** Environment variables of the gateway; those of the benchmark's own environment take precedence. */
  readonly env?: Readonly<Record<string, string>>;
  /** Open file limit of the gateway process. */
  readonly maxFiles?: number;
  readonly errorOutput?: ErrorOutput;
  /** The flood is complete before the cameras connect; otherwise it starts while they send. */
  readonly beforeCameras?: boolean;
  /** `false` for attackers that measure something themselves, which is meaningless at nice 19. */
  readonly isNice?: false;
  /** Minimum window length for a visible effect. */
  readonly minSeconds?: number;
  /** Runs in the attacker process. Resolves when the flood is complete or keeps running by itself. */
  start(target: Target): Attack | Promise<Attack>;
}

/** Scales a count, with a minimum of 1. */
export function scaled({ scale }: Target, full: number): number {
  return Math.max(1, Math.round(scale * full));
}

/** Argument of the attacker process. */
export interface AttackerSetup {
  readonly flood: string;
  readonly target: Target;
}

export type FromAttacker = { readonly type: 'up' } | { readonly type: 'stopped'; readonly counts: Counts };
