/** What the scheduler decides on a frame. Types only. */
import type { DropReason } from '../status.ts';
import type { FrameInfo, Ticket } from './ticket.ts';

export interface Start<Frame extends FrameInfo, Target> {
  readonly type: 'start';
  readonly ticket: Ticket<Frame>;
  readonly executor: Target;
}

export type Decision<Frame extends FrameInfo, Target> =
  | Start<Frame, Target>
  | {
      readonly type: 'hold';
      readonly ticket: Ticket<Frame>;
      /** The session's older frame, whose place it took. */
      readonly displaced: Ticket<Frame> | undefined;
    }
  | { readonly type: 'drop'; readonly reason: DropReason };
