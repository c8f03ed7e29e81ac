/** What is reported when a session loses workers. Pure. */
import type { FrameOutcome } from './messages.ts';
import type { SessionShare } from './session-share.ts';

/** The outcome when a session loses a second worker; `detail` is sent to the peer. */
const repeatedLoss: FrameOutcome = {
  ...{ type: 'failed', code: 'pipeline_failure' },
  ...{ detail: 'Worker stopped unexpectedly', reason: 'session lost a second worker within a minute' },
};

/** The outcome to report for a frame: a session that loses a second worker within a minute has failed. */
export function reportedOutcome(outcome: FrameOutcome, share: SessionShare, nowMs: number): FrameOutcome {
  if (outcome.type !== 'dropped' || outcome.reason !== 'worker_lost') return outcome;
  return share.recordWorkerLoss(nowMs) ? repeatedLoss : outcome;
}
