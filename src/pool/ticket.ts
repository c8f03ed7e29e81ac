/** A frame in the scheduler's hands, its session, and which of two held ones starts first. Pure. */
import type { Hold } from './hold-length.ts';
import type { SessionShare } from './session-share.ts';

/** What the scheduler has to know of a frame; whatever else it carries is its owner's. */
export interface Schedulable {
  readonly pipelineId: string;
}

/** A frame that is held or runs. */
export interface Ticket<Frame extends Schedulable> extends Hold {
  readonly frame: Frame;
  readonly session: Session<Frame>;
}

/** `newest`: the session holds one frame, its newest. `each`: every frame is held for itself; for requests, which have no next frame. */
export type HoldPolicy = 'newest' | 'each';

export interface Session<Frame extends Schedulable> {
  readonly share: SessionShare;
  readonly holdPolicy: HoldPolicy;
  /** The held frame of a session that holds its newest. */
  newest: Ticket<Frame> | undefined;
}

/** Charges that differ by less are the same: what fades is not exact. */
const sameChargeMs = 0.001;

/**
 * Whether a held frame starts before another: sessions within their share first, then the one that got the least worker time lately,
 * then the one that was served longest ago.
 * @param fairInFlight frames that a session within its share may have in flight.
 */
export function goesBefore<Frame extends Schedulable>(
  a: Ticket<Frame>,
  b: Ticket<Frame>,
  nowMs: number,
  fairInFlight = Number.POSITIVE_INFINITY,
): boolean {
  const [one, other] = [a.session.share, b.session.share];
  const isWithin = one.inFlight < fairInFlight;
  if (isWithin !== other.inFlight < fairInFlight) return isWithin;
  const [oneMs, otherMs] = [one.chargeMs(nowMs), other.chargeMs(nowMs)];
  if (Math.abs(oneMs - otherMs) > sameChargeMs) return oneMs < otherMs;
  if (one.startedAtMs !== other.startedAtMs) return one.startedAtMs < other.startedAtMs;
  return a.arrivedMs < b.arrivedMs;
}
