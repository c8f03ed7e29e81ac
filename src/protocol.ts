/** The wire contract: every message the gateway sends, and how each is written. Any thread, browsers too. */
import { type HttpErrorCode, type StreamErrorCode, streamErrors } from './errors.ts';

export type { StreamErrorCode } from './errors.ts';

/** Where the stream lives. */
export const streamPath = '/ws/video/stream';

/** Where single frames are posted. */
export const framesPath = '/frames';

/** Close code for every session when the server goes away. */
export const goingAwayCloseCode = 1001;

/** The close code that follows each error. */
export function closeCodeOf(code: StreamErrorCode): number {
  return streamErrors[code].closeCode;
}

/** A point in pixels. */
export type Point = readonly [x: number, y: number];

/** Corners of a tilted box, clockwise from the top left of what is written in it. */
export type Quad = readonly [Point, Point, Point, Point];

/** A box in pixels of the frame as sent, origin top left, with what was found in it. */
export interface Detection {
  x: number;
  y: number;
  w: number;
  h: number;
  label: string;
  /** Confidence that the object is there, 0 to 1. */
  score: number;
  /** Where the detector tells how the box is tilted. */
  quad?: Quad;
  text?: string;
  /** Confidence in the text, 0 to 1. */
  text_score?: number;
}

/** What a pipeline found in one frame. A pipeline's own tools may add keys of their own. */
export interface FrameResult {
  width: number;
  height: number;
  detections?: Detection[];
  text?: string;
  text_score?: number;
  /** What the decoder found wrong with the file, where it is damaged: a part of the picture may be gray or displaced. */
  warnings?: readonly string[];
  /** Milliseconds for each node by its id, besides `decode` and `total`. */
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

/** Exactly one of `result`, `dropped`, `warning`, `error` is a key of every message. */
export type ServerMessage = ResultMessage | DroppedMessage | WarningMessage | ErrorMessage;

export const slowDownMessage = '{"warning":"slow_down"}';

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
