/** Where the cars of the sample scene are at any time. Pure: time comes in. */

export const sceneWidth = 960;
export const sceneHeight = 540;

/** One car, seen from behind. */
export interface CarPlace {
  /** On its plate. */
  readonly text: string;
  /** Which of the bodies it has, counted from 0. */
  readonly body: number;
  /** Its plate's middle and width in pixels; everything else follows from the width. */
  readonly x: number;
  readonly plateWidth: number;
  /** Where its wheels stand. */
  readonly groundY: number;
  /** Near by and far away it has none to be seen. */
  readonly showsPlate: boolean;
}

/** Without the pairs that are one shape on plates and two for a reader: O and 0, I and 1, S and 5, B and 8, Z and 2. */
export const plateTexts = ['FK47LWE', 'NKX397', 'M493KT', 'RWX746', 'HK479LM', 'MKT364R', 'WT367F', 'NLE947'] as const;
export const bodyCount = 4;

/** A car passes beside the camera, on one lane or the other in turn, and drives off until it is out of sight. */
const everyMs = 3000;
const passMs = 9000;
/** Width of a plate, when its car comes into the picture and when it is out of sight. */
const nearPlate = 330;
const farPlate = 24;
/** A lane's middle is so many plates beside the road's. */
const laneOffset = 1.72;
/** The camera is so many plates above the road. */
const cameraHeight = 2;
/**
 * Widths between which a car shows its plate. Larger ones are cut by the picture's edge, and smaller ones have too few pixels: both would
 * be read, and read wrongly.
 */
const legible = { from: 62, to: 205 } as const;

/** The cars that are in sight, the farthest first. */
export function carsAt(timeMs: number, horizonY: number): CarPlace[] {
  // The street is as busy at the start as it is later.
  const nowMs = timeMs + passMs;
  const newest = Math.floor(nowMs / everyMs);
  const oldest = Math.floor((nowMs - passMs) / everyMs) + 1;
  return Array.from({ length: newest - oldest + 1 }, (_, index) => carAt(oldest + index, nowMs, horizonY));
}

function carAt(number: number, nowMs: number, horizonY: number): CarPlace {
  const part = (nowMs - number * everyMs) / passMs;
  // At an even speed the eye sees even steps of size, not of pixels.
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
