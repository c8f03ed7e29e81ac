/** The wire contract: every message the gateway sends, and its encoding. Any thread, and browsers. */
import { type HttpErrorCode, type StreamErrorCode, streamErrors } from './errors.ts';

export type { StreamErrorCode } from './errors.ts';

/** Path of the stream. */
export const streamPath = '/ws/video/stream';

/** Path for single frames, sent by POST. */
export const framesPath = '/frames';

/** Close code of a session that shall reconnect, perhaps to another gateway. */
export const goingAwayCloseCode = 1001;

/**
 * Close reasons with {@link goingAwayCloseCode} that ask the client to move: every frame that the gateway received has its reply. A frame
 * without one crossed the close on its way, and was not taken.
 */
export const moveReasons = ['session age', 'shutdown'] as const;
export type MoveReason = (typeof moveReasons)[number];

/** Close reason, with the same code, of a session whose frames did not finish within the grace period of a shutdown. */
export const unfinishedReason = 'shutdown timeout';

/** The WebSocket close code of an error. */
export function closeCodeOf(code: StreamErrorCode): number {
  return streamErrors[code].closeCode;
}

/** A point in pixels. */
export type Point = readonly [x: number, y: number];

/** Corners of a rotated box, clockwise from the top left. */
export type Quad = readonly [Point, Point, Point, Point];

/** An outer ring of a mask; the last point joins the first. */
export type Polygon = readonly Point[];

/** A point of a pose in pixels, and how sure the model is that it is visible, 0 to 1, if the model says so. */
export type Keypoint = readonly [x: number, y: number, score: number] | Point;

/** A mask of the whole frame in COCO's compressed run-length encoding, as `pycocotools` reads it. */
export interface MaskRle {
  /** Height and width of the frame. */
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** A class of the whole image. */
export interface ClassScore {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/** A box in pixels of the frame as sent, with its origin at the top left, and what was detected in it. */
export interface Detection {
  x: number;
  y: number;
  w: number;
  h: number;
  label: string;
  /** Confidence that the object is there, 0 to 1. */
  score: number;
  /** Present if the detector reports rotated boxes. */
  quad?: Quad;
  /** Direction of the sides of a rotated box, in radians from the x axis, clockwise on the image, from 0 to below π/2. */
  angle?: number;
  /** Outlines of the object's parts. */
  polygons?: readonly Polygon[];
  mask?: MaskRle;
  /** In the order of the result's `keypoint_names`. */
  keypoints?: readonly Keypoint[];
  text?: string;
  /** Confidence in the text, 0 to 1. */
  text_score?: number;
  /** The same number for the same object in the frames of a session: 1, 2, 3, … */
  track_id?: number;
  /** Since the object was first detected, in milliseconds. */
  age_ms?: number;
  /** How many times the text was recognized; `text` and `text_score` are the vote of all of them. */
  text_reads?: number;
  /** Whether further frames are unlikely to change the text. */
  text_settled?: boolean;
}

/** An object that a tracker follows, detected in this frame or lately. Once it is absent from a result, its id never comes back. */
export interface Track {
  readonly track_id: number;
  readonly label: string;
  /** Smoothed box in pixels; predicted while the object is not detected. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** Smoothed velocity of its center, in pixels per second. */
  readonly vx: number;
  readonly vy: number;
  readonly age_ms: number;
  /** Since it was last detected, in milliseconds: 0 if it is in this frame. */
  readonly lost_ms: number;
}

/**
 * Something that happened, reported once. Built-in types: `enter`, `leave` and `dwell` of an area, `cross` of a line, and `text` (or the
 * name that the pipeline gives it) once a text is settled.
 */
export interface SceneEvent {
  readonly type: string;
  /** Arrival of the frame that shows it, as Unix time in milliseconds. */
  readonly at_ms: number;
  readonly track_id?: number;
  readonly label?: string;
  readonly text?: string;
  /** Confidence in the text, 0 to 1. */
  readonly text_score?: number;
  /** Name of the area or line. */
  readonly zone?: string;
  /** Of a crossed line, as seen from its first point toward its second: `in` from left to right, `out` from right to left. */
  readonly direction?: 'in' | 'out';
  readonly [key: string]: unknown;
}

/** An area or a line of the scene, as in a pipeline file. Points are fractions of the frame's width and height, from the top left. */
export type Zone = { readonly name: string } & (
  | { readonly area: readonly Point[] }
  | { readonly line: readonly [Point, Point] }
);

/**
 * Counts of the session so far by zone, kind and label: `{"gate":{"in":{"car":3},"out":{}}}`. Areas have `inside`, the objects that are in
 * them now, `enter`, `leave` and `dwell`.
 */
export type SceneCounts = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;

/** The output of a pipeline for one frame. A pipeline's tools may add their own keys. */
export interface FrameResult {
  width: number;
  height: number;
  detections?: Detection[];
  text?: string;
  text_score?: number;
  /** The most likely classes of the whole image, best first. */
  classes?: readonly ClassScore[];
  /** Names of the `keypoints` of every detection, if the model has names. */
  keypoint_names?: readonly string[];
  tracks?: readonly Track[];
  /** What has happened since the last result. Those of a result that was dropped are in the next one. */
  events?: readonly SceneEvent[];
  /** Events that were left out, since too many waited for a client that did not read its results. */
  events_lost?: number;
  counts?: SceneCounts;
  /** Problems that the decoder found in a damaged file: part of the image may be gray or displaced. */
  warnings?: readonly string[];
  /** Milliseconds per node id, plus `decode` and `total`. */
  timings_ms: Record<string, number>;
  [key: string]: unknown;
}

export interface ResultMessage {
  frame_index: number;
  result: FrameResult;
}
export interface DroppedMessage {
  frame_index: number;
  dropped: true;
}
export interface WarningMessage {
  warning: 'slow_down';
}
export interface ErrorMessage {
  error: StreamErrorCode;
  detail: string;
}

/** Every message has exactly one of the keys `result`, `dropped`, `warning`, `error`. */
export type ServerMessage = ResultMessage | DroppedMessage | WarningMessage | ErrorMessage;

export const slowDownMessage = '{"warning":"slow_down"}';

/** Detail of `server_busy` for a pipeline that only other hosts could run. */
export const noHostDetail = 'No host runs this pipeline now';

/** Detail of `invalid_pipeline` for an id that is not served. */
export function unknownPipelineDetail(pipelineId: string): string {
  return `Unknown pipeline_id: ${pipelineId}`;
}

/**
 * Adds the events to a result.
 * @param result a {@link FrameResult} as JSON text.
 * @param events each as JSON text.
 * @param lost events that could not be kept until now.
 */
export function addEvents(result: string, events: readonly string[], lost = 0): string {
  const lostKey = lost === 0 ? '' : `,"events_lost":${lost}`;
  return `${result.slice(0, -1)}${result === '{}' ? '' : ','}"events":[${events.join(',')}]${lostKey}}`;
}

/** @param result a {@link FrameResult} as JSON text. */
export function encodeResult(frameIndex: number, result: string): string {
  return `{"frame_index":${frameIndex},"result":${result}}`;
}

export function encodeDropped(frameIndex: number): string {
  return `{"frame_index":${frameIndex},"dropped":true}`;
}

export function encodeError(code: StreamErrorCode | HttpErrorCode, detail: string): string {
  return JSON.stringify({ error: code, detail });
}
