/** Positions of the cars in the sample scene. Pure: time is an argument. */
import { bodyColors } from './draw-car.ts';

export const sceneWidth = 960;
export const sceneHeight = 540;
/** The row of pixels where the road ends in the distance. */
export const horizonY = 185;

/** One car, seen from behind. */
export interface CarPlace {
  /** Text of its plate. */
  readonly text: string;
  /** Index of its body, from 0. */
  readonly body: number;
  /** Center and width of its plate in pixels; all other sizes are relative to this width. */
  readonly x: number;
  readonly plateWidth: number;
  /** Y coordinate of the ground under its wheels. */
  readonly groundY: number;
  /** 0 to 1: cars fade out before their plates become illegible, so that no car is without a plate. */
  readonly opacity: number;
  /** False only while the car enters and its plate is cut off by the edge of the scene. */
  readonly showsPlate: boolean;
}

/** Without characters that look alike on plates: O and 0, I and 1, S and 5, B and 8, Z and 2. */
export const plateTexts = ['FK47LWE', 'NKX397', 'M493KT', 'RWX746', 'HK479LM', 'MKT364R', 'WT367F', 'LTN947'] as const;

/** Cars enter from the side, on alternating lanes, and drive away until they are out of sight. */
const carIntervalMs = 3000;
/** Two intervals: a car is gone when the next one on its lane would cover its plate, which would then be misread. */
const visibleMs = 2 * carIntervalMs;
/** How long a car takes to move into its lane. */
const entryMs = 450;
/** How far outside its lane a car starts: completely outside the scene. */
const entryOffset = 500;
/** Plate width when a car enters the scene: the wheels of a larger one would be cut off. */
export const nearPlate = 165;
/** Plate width when a car has disappeared: smaller ones have too few pixels, and would be misread. */
const farPlate = 60;
/** Plate width from which a car fades out. */
const fadingPlate = 65;
/** Distance from the center of a lane to the center of the road, in plate widths. */
export const laneOffset = 1.72;
/** Height of the camera above the road, in plate widths. */
export const cameraHeight = 2;
/** From the top of a plate down to the ground, in plate widths. */
export const plateAboveGround = 0.97;
/** Pixels between a plate and the edge of the scene, without which it counts as cut off. */
const edgeMargin = 4;

/** The visible cars, farthest first. */
export function carsAt(timeMs: number): CarPlace[] {
  // Start with cars already on the road.
  const nowMs = timeMs + visibleMs;
  const newest = Math.floor(nowMs / carIntervalMs);
  const oldest = Math.floor((nowMs - visibleMs) / carIntervalMs) + 1;
  return Array.from({ length: newest - oldest + 1 }, (_, index) => carAt(oldest + index, nowMs));
}

function carAt(number: number, nowMs: number): CarPlace {
  const ageMs = nowMs - number * carIntervalMs;
  // Exponential scaling looks like constant speed.
  const plateWidth = nearPlate * (farPlate / nearPlate) ** (ageMs / visibleMs);
  const side = number % 2 === 0 ? 1 : -1;
  // Squared, so that the car slows down as it reaches its lane.
  const outside = entryOffset * Math.max(0, 1 - ageMs / entryMs) ** 2;
  const fromCenter = laneOffset * plateWidth + outside;
  return {
    text: plateTexts[number % plateTexts.length] as string,
    body: (number * 3) % bodyColors.length,
    x: sceneWidth / 2 + side * fromCenter,
    plateWidth,
    groundY: horizonY + cameraHeight * plateWidth,
    opacity: Math.min(1, (plateWidth - farPlate) / (fadingPlate - farPlate)),
    // A plate that fades with its car would be misread.
    showsPlate: plateWidth >= fadingPlate && fromCenter + plateWidth / 2 + edgeMargin < sceneWidth / 2,
  };
}
