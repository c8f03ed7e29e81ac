/** A frame in the scheduler, its session, and where the held frames of a session are. Types only. */
import type { Activity } from './active-sessions.ts';
import type { Hold } from './hold-length.ts';
import type { HeapItem } from './indexed-heap.ts';
import type { PriorityNode, PriorityTree } from './priority-tree.ts';
import type { SessionShare } from './session-share.ts';

/** What the scheduler needs to know of a frame; other fields belong to its owner. */
export interface FrameInfo {
  readonly pipelineId: string;
  /** Maximum hold of this frame, below that of the pool; undefined without one of its own. */
  readonly maxHoldMs?: number | undefined;
}

/** A frame that is held or running. */
export interface Ticket<Frame extends FrameInfo> extends Hold {
  readonly frame: Frame;
  readonly session: Session<Frame>;
  /** Its place among the held frames while it is held. */
  held: Held<Frame> | undefined;
}

/**
 * `stream`: the session holds only its newest frame. `requests`: every frame is held separately, since HTTP requests have no next frame.
 * `gateway`: as `requests`, for the frames of another gateway's sessions, which that gateway admits and whose lost workers it counts.
 */
export type SessionKind = 'stream' | 'requests' | 'gateway';

export interface Session<Frame extends FrameInfo> {
  readonly share: SessionShare;
  readonly kind: SessionKind;
  /** The newest generation that has run one of its frames: a later frame never gets an older one. */
  generation: number;
  /** The held frame of a session of kind `stream`. */
  newest: Ticket<Frame> | undefined;
  /** Number of its held frames. */
  held: number;
  /** Its held frames by pipeline; kept by `HeldFrames`. */
  readonly lanes: Lane<Frame>[];
  /** Whether it has held or running frames. */
  isContender: boolean;
  /** Undefined until its first frame. */
  activity: Activity | undefined;
}

/** The held frames of one session for one pipeline. They share a place in the order of priority, in which only the oldest can be next. */
export interface Lane<Frame extends FrameInfo> {
  readonly session: Session<Frame>;
  readonly pipelineId: string;
  readonly node: PriorityNode<Lane<Frame>>;
  /** Where the node is; undefined while the lane is empty. */
  tree: PriorityTree<Lane<Frame>> | undefined;
  oldest: Held<Frame> | undefined;
  newest: Held<Frame> | undefined;
  frames: number;
}

/** A held frame. Until its hold ends, it is between its neighbors in its lane, and in the heap of holds by their ends. */
export interface Held<Frame extends FrameInfo> extends HeapItem {
  readonly ticket: Ticket<Frame>;
  readonly lane: Lane<Frame>;
  /** Its place in the order of holds. */
  readonly number: number;
  older: Held<Frame> | undefined;
  newer: Held<Frame> | undefined;
}
