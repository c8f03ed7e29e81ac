/** What a fault of the soak is, and what it has to work with. */
import type { SoakGateway } from '../gateway.ts';

export interface Scene {
  /** The gateway that the fault is done to. */
  readonly gateway: SoakGateway;
  readonly modelsDir: string;
  /** Seeded: the same choices in every run. */
  readonly random: () => number;
  /** Frames that the gateway takes. */
  readonly frames: readonly Uint8Array[];
  /** How long a fault that waits for something goes on, in milliseconds. */
  readonly holdMs: number;
}

/** Faults of the main gateway must leave its cameras alone. The second gateway is there to be ended. */
export type Target = 'main' | 'second';

export interface Failure {
  readonly name: string;
  readonly target: Target;
  /** Settles when the fault is over and everything it opened is closed. */
  run(scene: Scene): Promise<void>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function below(random: () => number, end: number): number {
  return Math.floor(random() * end);
}

export function frameOf({ frames, random }: Scene): Uint8Array {
  return frames[below(random, frames.length)] as Uint8Array;
}
