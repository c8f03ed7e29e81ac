/** What `GET /sessions` reports: the sessions of the gateway, open and ended, as JSON. Any thread, and browsers. */
import type { HttpErrorCode, StreamErrorCode } from './errors.ts';

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
  /** The engine of its accelerator was lost while running it. */
  'engine_lost',
  /** Its host was lost while running it. */
  'host_lost',
  /** Its result was not sent, since the peer does not read its replies. */
  'slow_reader',
  /** The server is shutting down, or has asked the client to move. */
  'draining',
  /** Its session has ended. */
  'session_closed',
] as const;
export type DropReason = (typeof dropReasons)[number];
/** Dropped frames by reason; reasons without frames are absent. */
export type DropReasons = Readonly<Partial<Record<DropReason, number>>>;

/** Where the cause of each problem is, as far as the gateway's figures can tell; the worst problem first. */
export const problemSides = {
  /** Its connection is refused: its address, token or origin is wrong. */
  refused: 'camera',
  /** The gateway rejected its frames. */
  bad_frames: 'camera',
  /** Its frames make the pipeline fail or time out. */
  failing_pipeline: 'gateway',
  not_served: 'gateway',
  /** It has stopped sending frames. */
  silent_camera: 'camera',
  /** It sends frames, but does not read its replies. */
  slow_reader: 'camera',
  /** It exceeds the limit on frames per second. */
  too_many_frames: 'camera',
  /** Its connection is cut again and again. */
  unstable_network: 'network',
  /** Pings take long, or are not answered. */
  slow_network: 'network',
  /** Its frames are dropped, and it needs about one worker or more for itself. */
  slow_pipeline: 'gateway',
  /** Its frames are dropped for want of workers or memory. */
  gateway_busy: 'gateway',
  /** Its frames come irregularly, or far less often than usual. */
  slow_camera: 'camera',
} as const;
export type ProblemCode = keyof typeof problemSides;
export type ProblemSide = (typeof problemSides)[ProblemCode];

/** Why a session is not doing well. */
export interface Problem {
  readonly code: ProblemCode;
  readonly side: ProblemSide;
  /** One sentence for people, with the figures. */
  readonly text: string;
}

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
  readonly drop_reasons: DropReasons;
  readonly slow_downs: number;
  readonly received_bytes: number;
  /** Time of a result in the pipeline, and from its frame's arrival until it was sent: moving averages, absent before the first one. */
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
  /** Frames per second from the connection to the last frame; absent with fewer than two. */
  readonly usual_frames_per_s?: number;
  /** Frames dropped in the last ten whole seconds, by reason. */
  readonly recent_drop_reasons: DropReasons;
  /** Of the last six pings. */
  readonly round_trip_median_ms?: number;
  readonly round_trip_max_ms?: number;
  /** Age of a ping that is not answered yet. */
  readonly unanswered_ping_s?: number;
  /** Bytes sent that the client has not received yet. */
  readonly unread_bytes: number;
  /** Characters of JSON that its pipeline's tools remember of it; absent if they remember nothing. */
  readonly state_length?: number;
}

/** What is known of the earlier sessions of a camera: the same name, address and pipeline. */
export interface EarlierSessions {
  /** Sessions that ended in the last ten minutes, and those of them whose connection was cut. */
  readonly reconnects: number;
  readonly cuts: number;
  /** The last error that ended one. */
  readonly last_error?: { readonly code: StreamErrorCode; readonly detail: string; readonly seconds_ago: number };
}

/**
 * An open session as listed. What is known of earlier sessions is absent if other open sessions have the same name, address and
 * pipeline, since it cannot be told whose they were.
 */
export interface ListedSession extends OpenSession, Partial<EarlierSessions> {
  /** Absent if the session does well. */
  readonly problem?: Problem;
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
  /** What its end says about the camera; absent after a normal end. */
  readonly problem?: Problem;
}

/** A camera whose last connection was refused: it has no session. */
export interface RefusedCamera extends Pick<SessionStatus, 'camera' | 'address'> {
  /** As given by the client; absent without one. */
  readonly pipeline?: string;
  /** The last time, ISO 8601. */
  readonly refused_at: string;
  readonly times: number;
  readonly code: StreamErrorCode | HttpErrorCode;
  readonly detail: string;
  readonly problem: Problem;
}

/** The body of `GET /sessions`. */
export interface SessionsReply {
  /** Of the gateway's clock, ISO 8601. */
  readonly time: string;
  /** Number of open sessions. */
  readonly open: number;
  /** At most 1000 of them, those longest without a frame first. */
  readonly sessions: readonly ListedSession[];
  /** The last 100, newest first. */
  readonly ended: readonly EndedSession[];
  /** Those of the last ten minutes that are not connected, at most 100, newest first. */
  readonly refused: readonly RefusedCamera[];
}

/** What has become of the reloads so far; a part of `GET /readyz`. */
export interface ReloadStatus {
  readonly succeeded: number;
  readonly failed: number;
  /** Why the last one failed, one line per issue; empty if it has succeeded or none has run. */
  readonly issues: readonly string[];
}

/** `starting` only until it serves for the first time; a lost engine is being replaced. */
export type EngineState = 'starting' | 'ready' | 'lost';

/** The engine of an accelerator; a part of `GET /readyz`. */
export interface EngineStatus {
  readonly engine: number;
  /** Index of the device; absent if the provider has chosen. */
  readonly device?: number;
  readonly state: EngineState;
  /** Execution providers that can be used, the preferred one first. */
  readonly providers: readonly string[];
  /** Frames and lines of text that were run, the runs, and their duration, since it started. */
  readonly rows: number;
  readonly batches: number;
  readonly busy_ms: number;
}

/** Equal for sessions of the same name, address and pipeline: a camera that reconnects. */
export function cameraKey({
  camera,
  address,
  pipeline,
}: Pick<SessionStatus, 'camera' | 'address'> & { readonly pipeline?: string }): string {
  return JSON.stringify([camera, address, pipeline]);
}
