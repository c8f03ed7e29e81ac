/** What the answer of a webhook's receiver means for the event. Pure. */
import { STATUS_CODES } from 'node:http';
import { retryAfterMs } from './backoff.ts';

export type Attempt =
  /** The receiver answered. */
  | { readonly type: 'answer'; readonly status: number; readonly retryAfter: string | undefined }
  /** The request never reached it. */
  | { readonly type: 'unreachable'; readonly detail: string }
  /** It may have got the request, but gave no answer. */
  | { readonly type: 'unanswered'; readonly detail: string };

export type Outcome =
  | { readonly type: 'delivered' }
  /** Another attempt would be refused too. */
  | { readonly type: 'refused'; readonly detail: string }
  | {
      readonly type: 'retry';
      readonly detail: string;
      /** Whether the event itself may be the reason: such an event is given up after some attempts, so that others get through. */
      readonly isOfEvent: boolean;
      /** The receiver's own wish. */
      readonly afterMs: number | undefined;
    };

/** 4xx that may be different next time: a request that took too long, one that was too early, and one too many. */
const retried4xx: ReadonlySet<number> = new Set([408, 425, 429]);
/** The receiver, or what is in front of it, is away or busy. */
const awayStatuses: ReadonlySet<number> = new Set([425, 429, 502, 503, 504]);

export function outcomeOf(attempt: Attempt, nowMs: number): Outcome {
  if (attempt.type !== 'answer')
    return {
      type: 'retry',
      detail: attempt.detail,
      isOfEvent: attempt.type === 'unanswered',
      afterMs: undefined,
    };
  const { status, retryAfter } = attempt;
  if (status >= 200 && status < 300) return { type: 'delivered' };
  const detail = `answered ${describeStatus(status)}`;
  if (status < 500 && !retried4xx.has(status)) return { type: 'refused', detail };
  return {
    type: 'retry',
    detail,
    isOfEvent: !awayStatuses.has(status),
    afterMs: retryAfterMs(retryAfter, nowMs),
  };
}

/** Never with the receiver's own text, which could contain anything. */
function describeStatus(status: number): string {
  const text = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  return status >= 300 && status < 400 ? `${text}: redirects are not followed` : text;
}
