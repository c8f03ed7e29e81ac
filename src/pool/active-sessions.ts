/** The active session with the smallest charge, with which a session that joins or returns starts. Pure: time is an argument. */
import { type HeapItem, IndexedHeap } from './indexed-heap.ts';
import type { SessionShare } from './session-share.ts';

/** A session that has sent a frame. */
export interface Activity extends HeapItem {
  readonly share: SessionShare;
}

export class ActiveSessions {
  /**
   * All active sessions by charge. Some have a greater charge than their key, and some are no longer active: both are noticed once such a
   * session comes first.
   */
  readonly #byCharge = new IndexedHeap<Activity>();

  /** Adds a session. @returns its activity, for the other calls. */
  add(share: SessionShare): Activity {
    const activity = { share, key: share.chargeOrder, index: -1 };
    this.#byCharge.add(activity);
    return activity;
  }

  /** To be called after each frame of a session. */
  arrived(activity: Activity): void {
    if (activity.index < 0) {
      activity.key = activity.share.chargeOrder;
      this.#byCharge.add(activity);
    }
  }

  /** To be called after a session's charge has decreased. */
  charged(activity: Activity): void {
    if (activity.index >= 0) this.#byCharge.rekey(activity, activity.share.chargeOrder);
  }

  remove(activity: Activity): void {
    this.#byCharge.remove(activity);
  }

  /** Number of active sessions. Looks at all of them. */
  count(nowMs: number): number {
    let count = 0;
    for (const { share } of this.#byCharge.all) if (share.activeUntilMs >= nowMs) count += 1;
    return count;
  }

  /** The active session with the smallest charge; undefined if none is active. */
  leastCharged(nowMs: number): SessionShare | undefined {
    for (let first = this.#byCharge.first; first !== undefined; first = this.#byCharge.first) {
      const { share, key } = first;
      if (share.activeUntilMs < nowMs) this.#byCharge.remove(first);
      else if (share.chargeOrder > key) this.#byCharge.rekey(first, share.chargeOrder);
      else return share;
    }
    return undefined;
  }
}
