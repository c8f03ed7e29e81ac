/** The wire contract: every message the gateway sends, and its encoding. Any thread, and browsers. */
import { type HttpErrorCode, type StreamErrorCode, streamErrors } from './errors.ts';

export type { StreamErrorCode } from './errors.ts';

/** Path of the stream. */
export const streamPath = '/ws/video/stream';

/** Path for single frames, sent by POST. */
export const framesPath = '/frames';

/** Close code of every session when the server shuts down. */
export const goingAwayCloseCode = 1001;

/** The WebSocket close code of an error. */
export function closeCodeOf(code: StreamErrorCode): number {
  return streamErrors[code].closeCode;
}

/** A point in pixels. */
export type Point = readonly [x: number, y: number];

/** Corners of a rotated box, clockwise from the top left of its text. */
export type Quad = readonly [Point, Point, Point, Point];

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
  text?: string;
  /** Confidence in the text, 0 to 1. */
  text_score?: number;
}

/** The output of a pipeline for one frame. A pipeline's tools may add their own keys. */
export interface FrameResult {
  width: number;
  height: number;
  detections?: Detection[];
  text?: string;
  text_score?: number;
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

/** Detail of `invalid_pipeline` for an id that is not served. */
export function unknownPipelineDetail(pipelineId: string): string {
  return `Unknown pipeline_id: ${pipelineId}`;
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
