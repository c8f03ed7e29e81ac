/** Definition of an injected failure, and its environment. */
import type { SoakGateway } from '../gateway.ts';

export interface Scene {
  /** The gateway under attack. */
  readonly gateway: SoakGateway;
  readonly modelsDir: string;
  /** Seeded random generator. */
  readonly random: () => number;
  /** Valid frames. */
  readonly frames: readonly Uint8Array[];
  /** Duration of failures that wait for something, in milliseconds. */
  readonly holdMs: number;
}

/** Failures of the main gateway must not affect its cameras. The second gateway gets restarted. */
export type Target = 'main' | 'second';

export interface Failure {
  readonly name: string;
  readonly target: Target;
  /** Resolves when the failure is over and everything it opened is closed. */
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
