/** What `GET /sessions` reports: the sessions of the gateway, open and ended, as JSON. Any thread, and browsers. */
import type { StreamErrorCode } from './errors.ts';

/** The state that follows from a session's drop rate. */
export const backpressureStates = ['normal', 'warning', 'critical'] as const;
export type BackpressureState = (typeof backpressureStates)[number];

/** Why a frame was dropped. */
export const dropReasons = [
  /** No worker is free, and the frame may not be held, or its hold would expire before its turn. */
  'busy',
  /** A newer frame of the session took its place. */
  'displaced',
  /** Its hold ended before a worker was free. */
  'expired',
  /** Its token's frames per second are exceeded. */
  'token_limit',
  /** The memory for held frames is full. */
  'memory_full',
  /** Its worker was lost while running it. */
  'worker_lost',
  /** Its result was not sent, since the peer does not read its replies. */
  'slow_reader',
  /** The server is shutting down. */
  'draining',
  /** Its session has ended. */
  'session_closed',
] as const;
export type DropReason = (typeof dropReasons)[number];

/** What a session has done so far. Times are in milliseconds. */
export interface SessionStatus {
  readonly id: string;
  /** As given by the client, cleaned; absent without one. */
  readonly camera?: string;
  readonly address: string;
  /** Name of the token, or `jwt:` and the subject; absent if none is needed. */
  readonly token?: string;
  readonly pipeline: string;
  readonly connected_s: number;
  readonly frames: number;
  readonly results: number;
  readonly dropped: number;
  /** Dropped frames by reason; reasons without frames are absent. */
  readonly drop_reasons: Readonly<Partial<Record<DropReason, number>>>;
  readonly slow_downs: number;
  readonly received_bytes: number;
  /** Time of the last result in the pipeline, and from its frame's arrival until it was sent; absent before the first one. */
  readonly service_ms?: number;
  readonly reply_ms?: number;
  /** Of the last ping to the client and back; absent before the first one. */
  readonly round_trip_ms?: number;
}

/** A session that is open now. */
export interface OpenSession extends SessionStatus {
  readonly state: BackpressureState;
  /** Dropped ÷ all frames in the window of `STREAM_DROP_WINDOW_MS`. */
  readonly drop_rate: number;
  /** Means of the last five whole seconds. */
  readonly frames_per_s: number;
  readonly results_per_s: number;
  /** Of each of the last 30 whole seconds, oldest first. */
  readonly recent_frames: readonly number[];
  readonly recent_results: readonly number[];
  /** Seconds since the last frame, or since the connection if there was none. */
  readonly idle_s: number;
  /** Bytes sent that the client has not received yet. */
  readonly unread_bytes: number;
}

/** Who ended a session: `network` means that the connection was cut, without a close frame. */
export type EndedBy = 'client' | 'gateway' | 'network';

/** A session that has ended. */
export interface EndedSession extends SessionStatus {
  /** ISO 8601. */
  readonly ended_at: string;
  readonly ended_by: EndedBy;
  readonly close_code: number;
  /** The error that was sent; absent if there was none. */
  readonly error?: StreamErrorCode;
  readonly detail?: string;
}

/** The body of `GET /sessions`. */
export interface SessionsReply {
  /** Of the gateway's clock, ISO 8601. */
  readonly time: string;
  readonly sessions: readonly OpenSession[];
  /** The last 100, newest first. */
  readonly ended: readonly EndedSession[];
}
