/** Positions of the cars in the sample scene. Pure: time is an argument. */

export const sceneWidth = 960;
export const sceneHeight = 540;

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
  /** False when the car is too near or too far away. */
  readonly showsPlate: boolean;
}

/** Without characters that look alike on plates: O and 0, I and 1, S and 5, B and 8, Z and 2. */
export const plateTexts = ['FK47LWE', 'NKX397', 'M493KT', 'RWX746', 'HK479LM', 'MKT364R', 'WT367F', 'NLE947'] as const;
export const bodyCount = 4;

/** Cars pass the camera on alternating lanes and drive away until they are out of sight. */
const carIntervalMs = 3000;
const visibleMs = 9000;
/** Plate width when a car enters the scene and when it disappears. */
const nearPlate = 330;
const farPlate = 24;
/** Distance from the center of a lane to the center of the road, in plate widths. */
const laneOffset = 1.72;
/** Height of the camera above the road, in plate widths. */
const cameraHeight = 2;
/**
 * Range of plate widths that are shown. Larger plates would be cut off at the edge and smaller ones have too few pixels:
 * both would be misrecognized.
 */
const legible = { from: 62, to: 205 } as const;

/** The visible cars, farthest first. */
export function carsAt(timeMs: number, horizonY: number): CarPlace[] {
  // Start with cars already on the road.
  const nowMs = timeMs + visibleMs;
  const newest = Math.floor(nowMs / carIntervalMs);
  const oldest = Math.floor((nowMs - visibleMs) / carIntervalMs) + 1;
  return Array.from({ length: newest - oldest + 1 }, (_, index) => carAt(oldest + index, nowMs, horizonY));
}

function carAt(number: number, nowMs: number, horizonY: number): CarPlace {
  const part = (nowMs - number * carIntervalMs) / visibleMs;
  // Exponential scaling looks like constant speed.
  const plateWidth = nearPlate * (farPlate / nearPlate) ** part;
  const side = number % 2 === 0 ? 1 : -1;
  return {
    text: plateTexts[number % plateTexts.length] as string,
    body: (number * 3) % bodyCount,
    x: sceneWidth / 2 + side * laneOffset * plateWidth,
    plateWidth,
    groundY: horizonY + cameraHeight * plateWidth,
    showsPlate: plateWidth > legible.from && plateWidth < legible.to,
  };
}
