/** A frame in the scheduler, its session, and the priority of held frames. Pure. */
import type { Hold } from './hold-length.ts';
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
}

/** Smaller differences between charges are ignored: decayed values are not exact. */
const chargeToleranceMs = 0.001;

/**
 * Whether a held frame starts before another: sessions within their fair share first, then the one with the least recent worker time,
 * then the one served longest ago.
 * @param fairInFlight frames that a session within its share may have in flight.
 */
export function hasPriorityOver<Frame extends FrameInfo>(
  a: Ticket<Frame>,
  b: Ticket<Frame>,
  nowMs: number,
  fairInFlight = Number.POSITIVE_INFINITY,
): boolean {
  const [shareA, shareB] = [a.session.share, b.session.share];
  const isWithin = shareA.inFlight < fairInFlight;
  if (isWithin !== shareB.inFlight < fairInFlight) return isWithin;
  const [chargeA, chargeB] = [shareA.chargeMs(nowMs), shareB.chargeMs(nowMs)];
  if (Math.abs(chargeA - chargeB) > chargeToleranceMs) return chargeA < chargeB;
  if (shareA.startedAtMs !== shareB.startedAtMs) return shareA.startedAtMs < shareB.startedAtMs;
  return a.arrivedMs < b.arrivedMs;
}
