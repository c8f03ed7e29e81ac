/** One tracked object between frames: what is known, and how a step in time and a detection change it. Pure; worker threads. */
import { firstSpread, type MotionModel, measure, type Spread, spreadLater, strideOf } from './motion.ts';

/** A detected object: its center, its sides, in pixels of the frame. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A tracked object. Positions are in pixels, speeds in pixels per second, times in milliseconds of the session. */
export interface TrackedObject {
  /** 0 until the track is confirmed. */
  readonly id: number;
  readonly label: string;
  readonly bornMs: number;
  readonly seenMs: number;
  /** Center. */
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly w: number;
  readonly h: number;
  /** Relative growth of both sides, per second. */
  readonly growth: number;
  /** Of the center, along each axis, relative to the {@link sizeOf} the object. */
  readonly place: Spread;
  /** Of the natural logarithm of the size. */
  readonly scale: Spread;
}

/** How the center and the size of objects move. */
export interface MotionModels {
  readonly place: MotionModel;
  readonly scale: MotionModel;
  /** Share of the aspect ratio's change that is taken over with each detection. */
  readonly aspectGain: number;
}

/** A side is never shorter than this many pixels. */
export const minSide = 1;
/** Boxes that are farther away or larger, in pixels, are no boxes of a frame. */
export const maxExtent = 100_000;

/** The side of a square of the same area, in pixels. */
export function sizeOf({ w, h }: { readonly w: number; readonly h: number }): number {
  return Math.sqrt(w * h);
}

export function startTrack(id: number, label: string, box: Box, atMs: number, models: MotionModels): TrackedObject {
  const spreads = { place: firstSpread(models.place), scale: firstSpread(models.scale) };
  return { id, label, bornMs: atMs, seenMs: atMs, ...box, vx: 0, vy: 0, growth: 0, ...spreads };
}

/** The track as expected after `seconds` without a detection. */
export function predict(track: TrackedObject, seconds: number, models: MotionModels): TrackedObject {
  const way = strideOf(models.place, seconds);
  const change = strideOf(models.scale, seconds);
  const factor = Math.exp(track.growth * change.reach);
  return {
    ...track,
    x: within(track.x + track.vx * way.reach, maxExtent),
    y: within(track.y + track.vy * way.reach, maxExtent),
    vx: track.vx * way.remains,
    vy: track.vy * way.remains,
    w: side(track.w * factor),
    h: side(track.h * factor),
    growth: track.growth * change.remains,
    place: spreadLater(track.place, models.place, seconds),
    scale: spreadLater(track.scale, models.scale, seconds),
  };
}

/** @param noise multiplies the usual error of a measurement. */
export function update(track: TrackedObject, box: Box, atMs: number, models: MotionModels, noise = 1): TrackedObject {
  const place = measure(track.place, models.place.noise * noise);
  const scale = measure(track.scale, models.scale.noise * noise);
  const [dx, dy] = [box.x - track.x, box.y - track.y];
  const dSize = Math.log(sizeOf(box) / sizeOf(track));
  const dAspect = Math.log((box.w * track.h) / (box.h * track.w)) / 2;
  const [grow, stretch] = [scale.value * dSize, (models.aspectGain * dAspect) / noise];
  return {
    ...track,
    seenMs: atMs,
    x: track.x + place.value * dx,
    y: track.y + place.value * dy,
    vx: within(track.vx + place.speed * dx, maxExtent),
    vy: within(track.vy + place.speed * dy, maxExtent),
    w: side(track.w * Math.exp(grow + stretch)),
    h: side(track.h * Math.exp(grow - stretch)),
    growth: within(track.growth + scale.speed * dSize, maxGrowth),
    place: place.spread,
    scale: scale.spread,
  };
}

/** An object that comes closer does not grow e-fold more often than this, per second. */
const maxGrowth = 5;

function side(length: number): number {
  return Math.min(Math.max(length, minSide), maxExtent);
}

function within(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}
