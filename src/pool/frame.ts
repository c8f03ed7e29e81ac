/** A frame as it is offered to the pool, and while the pool has it. Types only. */
import type { Source } from '../observe/observer.ts';
import type { FrameSlot } from './frame-slots.ts';
import type { FrameOutcome } from './messages.ts';
import type { FrameMemory } from './session-memory.ts';

export interface Frame {
  readonly source: Source;
  readonly frameIndex: number;
  /** The message as received; `offer` copies it before it returns. */
  readonly bytes: Uint8Array;
  /** Below those of the pool: set by a gateway for the frames that it sends to this host. */
  readonly limits?: FrameLimits;
  /** Of its session. Without one, tools with state begin anew. */
  readonly memory?: FrameMemory;
}

/** Limits of one frame, in milliseconds from its arrival. */
export interface FrameLimits {
  readonly maxHoldMs: number;
  readonly timeoutMs: number;
}

/**
 * Called once per offered frame; before `offer` returns if the frame is dropped immediately.
 * @param holdMs how long the frame was held before it was started.
 */
export type Done = (outcome: FrameOutcome, holdMs: number) => void;

/** A frame between `offer` and its outcome. */
export interface Job extends Omit<Frame, 'bytes' | 'limits'> {
  readonly sessionId: string;
  readonly pipelineId: string;
  readonly done: Done;
  readonly byteLength: number;
  readonly maxHoldMs: number | undefined;
  /** Monotonic time by which it has an outcome, wherever it then is; `Infinity` without a limit of its own. */
  readonly latestMs: number;
  holdMs: number;
  /** Where its bytes are until it is passed to an executor or dropped. */
  slot: FrameSlot | undefined;
}
