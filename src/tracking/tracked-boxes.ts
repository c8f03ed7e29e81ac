/** From detections to what the tracker compares, and from its tracks to what a result shows. Pure; worker threads. */
import type { Detection, Track } from '../protocol.ts';
import type { Candidate } from './match.ts';
import { maxExtent, minSide, type TrackedObject } from './track.ts';
import { maxLabelLength } from './track-state.ts';

/** Detections per frame that are looked at, highest scores first. */
const maxCandidates = 1000;

/** @returns the detections that can be tracked. Boxes with numbers that no frame has are left out. */
export function candidatesOf(detections: readonly Detection[], lowScore: number): Candidate[] {
  const found: Candidate[] = [];
  for (const [index, { x, y, w, h, label, score }] of detections.entries()) {
    if (!(score >= lowScore) || !isBox(x, y, w, h)) continue;
    const box = { x: x + w / 2, y: y + h / 2, w: Math.max(w, minSide), h: Math.max(h, minSide) };
    found.push({ index, label: String(label).slice(0, maxLabelLength), box, score });
  }
  if (found.length <= maxCandidates) return found;
  return found.sort((a, b) => b.score - a.score).slice(0, maxCandidates);
}

/** False for NaN, too. */
function isBox(x: number, y: number, w: number, h: number): boolean {
  return Math.abs(x) <= maxExtent && Math.abs(y) <= maxExtent && w > 0 && w <= maxExtent && h > 0 && h <= maxExtent;
}

export function toTrack(track: TrackedObject, nowMs: number): Track {
  return {
    track_id: track.id,
    label: track.label,
    x: tenth(track.x - track.w / 2),
    y: tenth(track.y - track.h / 2),
    w: tenth(track.w),
    h: tenth(track.h),
    vx: tenth(track.vx),
    vy: tenth(track.vy),
    age_ms: nowMs - track.bornMs,
    lost_ms: nowMs - track.seenMs,
  };
}

/** Adding 0 turns −0 into 0. */
function tenth(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}
