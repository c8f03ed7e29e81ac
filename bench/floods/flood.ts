/** What a flood is: its name, the gateway that it needs, and how its attacker starts and stops. */

/** Where the attacker finds the gateway, and how large it may be. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Attackers come from this many addresses of 127.0.1.0/24; the cameras are at 127.0.0.1. */
  readonly addresses: number;
  /** 1 is the flood as it is described; tests run a small part of it. */
  readonly scale: number;
}

/** What an attacker counted, by a name that a reader understands. */
export type Counts = Record<string, number>;

/** A flood that goes on. */
export interface Attack {
  /** Ends it, and waits for what it has begun where that counts. */
  stop(): Counts | Promise<Counts>;
}

/** Where the gateway's standard error goes: it is read, a pipe that nobody reads, or a disk that is full. */
export type ErrorOutput = 'read' | 'unread' | 'full';

export interface Flood {
  /** `group` or `group/variant`. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** Variables of the gateway; those of the bench's own environment go before. */
  readonly env?: Readonly<Record<string, string>>;
  /** Limit of open files of the gateway's process. */
  readonly maxFiles?: number;
  readonly errorOutput?: ErrorOutput;
  /** It is complete before the cameras connect; otherwise it begins while they send. */
  readonly beforeCameras?: boolean;
  /** Whoever is measured at the attacker's end is no use at `nice 19`. */
  readonly isNice?: false;
  /** Below it there is nothing to see. */
  readonly minSeconds?: number;
  /** Runs in the attacker's process. Settles when the flood is complete, or goes on by itself. */
  start(target: Target): Attack | Promise<Attack>;
}

/** How many of something the attacker makes. */
export function scaled({ scale }: Target, full: number): number {
  return Math.max(1, Math.round(scale * full));
}

/** What an attacker's process is started with. */
export interface AttackSetup {
  readonly flood: string;
  readonly target: Target;
}

export type FromAttack = { readonly type: 'up' } | { readonly type: 'stopped'; readonly counts: Counts };
