/** What travels with a frame besides its bytes: the state of its session's tools, and its time of arrival. Any thread. */

/** Maximum size of a session's state, as UTF-8: it travels with every frame, and the gateway holds one per session. */
export const maxStateBytes = 65_536;

/** When a frame arrived. Frames are dropped, so tools reckon in time and never count frames. */
export interface Clock {
  /** From the opening of the session to the frame's arrival, in milliseconds. Never goes back. 0 for a frame without a session. */
  readonly sessionMs: number;
  /** Since the arrival of the session's last frame that was processed, in milliseconds; undefined for the first one. */
  readonly elapsedMs: number | undefined;
  /** The arrival as Unix time in milliseconds. Advances exactly as `sessionMs`, even if the system's clock is set. */
  readonly unixMs: number;
}

/** A frame's place in its session. */
export interface FrameMoment {
  /** As written by the worker that ran the session's last frame; empty before the first one. Only workers read it. */
  readonly state: string;
  readonly clock: Clock;
}

/** Of a frame that belongs to no session and whose time of arrival does not matter. */
export const noMoment: FrameMoment = { state: '', clock: { sessionMs: 0, elapsedMs: undefined, unixMs: 0 } };
