/** What is reported when a session loses workers, or the engines that they use. Pure. */
import type { FrameOutcome } from './messages.ts';
import type { SessionShare } from './session-share.ts';
import type { SessionKind } from './ticket.ts';

/** The outcome when a session loses a second worker; `detail` is sent to the peer. */
const repeatedLoss: FrameOutcome = {
  ...{ type: 'failed', code: 'pipeline_failure' },
  ...{ detail: 'Worker stopped unexpectedly', reason: 'session lost a second worker within a minute' },
};

interface Loser {
  readonly share: SessionShare;
  readonly kind: SessionKind;
}

/** The outcome to report for a frame: a session that loses a second worker within a minute has failed. */
export function reportedOutcome(outcome: FrameOutcome, { share, kind }: Loser, nowMs: number): FrameOutcome {
  const isLost = outcome.type === 'dropped' && (outcome.reason === 'worker_lost' || outcome.reason === 'engine_lost');
  if (!isLost || kind === 'gateway') return outcome;
  return share.recordWorkerLoss(nowMs) ? repeatedLoss : outcome;
}
