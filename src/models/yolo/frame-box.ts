/** Maps boxes from a model's input to the frame. Worker threads. */
import type { Placement } from '../image.ts';
import type { Candidates } from './candidates.ts';

/** A box in pixels of the frame. */
export interface FrameBox {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Corners in input pixels. @returns the box clipped to the frame; `undefined` if nothing remains, or a corner is not finite. */
export function toFrameBox(
  { x1, y1, x2, y2 }: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number },
  placement: Placement,
  frame: Size,
): FrameBox | undefined {
  // A sum is finite only if every number is.
  if (!Number.isFinite(x1 + y1 + x2 + y2)) return undefined;
  const { scaleX, scaleY, offsetX, offsetY } = placement;
  const x = clamp((x1 - offsetX) / scaleX, frame.width);
  const y = clamp((y1 - offsetY) / scaleY, frame.height);
  const w = clamp((x2 - offsetX) / scaleX, frame.width) - x;
  const h = clamp((y2 - offsetY) / scaleY, frame.height) - y;
  return w > 0 && h > 0 ? { x, y, w, h } : undefined;
}

export function candidateBox(candidates: Candidates, index: number, placement: Placement, frame: Size) {
  const [x1, y1] = [candidates.x1[index] as number, candidates.y1[index] as number];
  const [x2, y2] = [candidates.x2[index] as number, candidates.y2[index] as number];
  return toFrameBox({ x1, y1, x2, y2 }, placement, frame);
}

export function clamp(value: number, max: number): number {
  return Math.min(max, Math.max(0, value));
}
