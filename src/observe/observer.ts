/** The events of sessions, pool and server, for everything that an operator sees: log, metrics, sessions. Main thread. */
import { EventEmitter } from 'node:events';
import type { HttpErrorCode, StreamErrorCode } from '../errors.ts';
import type { BackpressureState, DropReason, DropReasons, EndedBy, SessionStatus } from '../status.ts';

/** Where a frame comes from. */
export interface Source {
  /** Undefined for a frame of `POST /frames`. */
  readonly sessionId: string | undefined;
  /** As given by the client, cleaned; undefined without one. */
  readonly camera: string | undefined;
  readonly pipelineId: string;
  readonly address: string;
}

/** One frame of a source. */
export interface FrameName {
  readonly source: Source;
  readonly frameIndex: number;
}

export type FrameEnd =
  | {
      readonly type: 'result';
      /** Milliseconds per stage: decode, each node, encode, total. */
      readonly timings: Readonly<Record<string, number>>;
    }
  | { readonly type: 'dropped'; readonly reason: DropReason }
  /** `detail` was sent to the peer; `reason` is for the log only. */
  | { readonly type: 'failed'; readonly code: StreamErrorCode; readonly detail: string; readonly reason: string };

/** A frame that has its reply, or whose session has ended. Exactly one per received frame. Times in milliseconds. */
export interface FrameReport {
  readonly frameIndex: number;
  readonly byteLength: number;
  readonly replyBytes: number;
  readonly validateMs: number;
  /** From its arrival to its start; 0 if it was not held. */
  readonly holdMs: number;
  /** From its arrival until its reply was sent. */
  readonly totalMs: number;
  readonly end: FrameEnd;
}

/** The error with which the gateway ends a session. `detail` was sent to the peer; `reason` is for the log only. */
export interface SessionError {
  readonly code: StreamErrorCode;
  readonly detail: string;
  readonly reason: string;
  /** The frame that caused it; undefined if none did. */
  readonly frameIndex: number | undefined;
}

/** How a session ended. */
export interface SessionEnd {
  readonly by: EndedBy;
  readonly closeCode: number;
  /** What the peer or uWebSockets.js gave as the reason; may be empty. */
  readonly closeReason: string;
  /** The error that the gateway sent. */
  readonly error: { readonly code: StreamErrorCode; readonly detail: string } | undefined;
  readonly status: SessionStatus;
}

/** A connection or request without a session. */
export interface Refusal {
  /** `plain`: status, pipelines, and pages. */
  readonly endpoint: 'stream' | 'frames' | 'plain';
  readonly address: string;
  readonly camera: string | undefined;
  readonly pipelineId: string | undefined;
  readonly code: StreamErrorCode | HttpErrorCode;
  readonly detail: string;
}

/** Why a worker thread ended. */
export interface WorkerExit {
  readonly error: Error;
  /** The frame that it was running. */
  readonly frame: FrameName | undefined;
}

/** A session enters or leaves `warning` or `critical`. */
export interface StateChange {
  readonly before: BackpressureState;
  readonly state: BackpressureState;
  /** Dropped ÷ all frames in the window. */
  readonly rate: number;
  /** Of the last ten seconds. */
  readonly dropReasons: DropReasons;
}

/** Each event with its arguments. */
export interface ObservedEvents {
  sessionOpened: [source: Source];
  /** The gateway ends a session with an error; `sessionEnded` follows when the socket has closed. */
  sessionFailed: [source: Source, error: SessionError];
  sessionEnded: [source: Source, end: SessionEnd];
  stateChanged: [source: Source, change: StateChange];
  slowDownSent: [source: Source];
  refused: [refusal: Refusal];
  /** A complete frame, before its check. `frameEnded` follows. */
  frameReceived: [source: Source, byteLength: number];
  frameEnded: [source: Source, report: FrameReport];
  frameTimedOut: [frame: FrameName];
  /** A worker has loaded its models. */
  workerReady: [worker: { readonly bootMs: number; readonly pipelines: readonly string[] }];
  /** A worker thread ended that was not asked to. */
  workerExited: [exit: WorkerExit];
  /** A thread that did not finish its timed-out frame was terminated. */
  workerTerminated: [];
}

/** Whoever has something to show subscribes here. */
export class Observers extends EventEmitter<ObservedEvents> {}

/** What sessions, pool and server get: they only report. */
export type Observer = Pick<Observers, 'emit'>;
