/** A frame in the scheduler's hands, its session, and which of two held ones starts first. Pure. */
import type { Hold } from './hold-length.ts';
import type { SessionShare } from './session-share.ts';

/** What the scheduler has to know of a frame; whatever else it carries is its owner's. */
export interface SchedulableFrame {
  readonly pipelineId: string;
}

/** A frame that is held or runs. */
export interface Ticket<Frame extends SchedulableFrame> extends Hold {
  readonly frame: Frame;
  readonly session: Session<Frame>;
}

/** `newest`: the session holds one frame, its newest. `each`: every frame is held for itself; for requests, which have no next frame. */
export type HoldPolicy = 'newest' | 'each';

export interface Session<Frame extends SchedulableFrame> {
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
export function hasPriorityOver<Frame extends SchedulableFrame>(
  a: Ticket<Frame>,
  b: Ticket<Frame>,
  nowMs: number,
  fairInFlight = Number.POSITIVE_INFINITY,
): boolean {
  const [shareA, shareB] = [a.session.share, b.session.share];
  const isWithin = shareA.inFlight < fairInFlight;
  if (isWithin !== shareB.inFlight < fairInFlight) return isWithin;
  const [chargeA, chargeB] = [shareA.chargeMs(nowMs), shareB.chargeMs(nowMs)];
  if (Math.abs(chargeA - chargeB) > sameChargeMs) return chargeA < chargeB;
  if (shareA.startedAtMs !== shareB.startedAtMs) return shareA.startedAtMs < shareB.startedAtMs;
  return a.arrivedMs < b.arrivedMs;
}
