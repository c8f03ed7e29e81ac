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
export const plateTexts = ['FK47LWE', 'NKX397', 'M493KT', 'RWX746', 'HK479LM', 'KXC364', 'WT367F', 'NLE947'] as const;
export const bodyCount = 4;

/** A car passes beside the camera, drives off, and another one comes on its lane. */
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
  const lanes = [
    { side: 1, sinceMs: timeMs + passMs * 0.3 },
    { side: -1, sinceMs: timeMs + passMs * 0.8 },
  ];
  const cars = lanes.map(({ side, sinceMs }, lane) => {
    const pass = Math.floor(sinceMs / passMs);
    const part = sinceMs / passMs - pass;
    // At an even speed the eye sees even steps of size, not of pixels.
    const plateWidth = nearPlate * (farPlate / nearPlate) ** part;
    const number = 2 * pass + lane;
    return {
      text: plateTexts[number % plateTexts.length] as string,
      body: (3 * pass + lane) % bodyCount,
      x: sceneWidth / 2 + side * laneOffset * plateWidth,
      plateWidth,
      groundY: horizonY + cameraHeight * plateWidth,
      showsPlate: plateWidth > legible.from && plateWidth < legible.to,
    };
  });
  return cars.sort((a, b) => a.plateWidth - b.plateWidth);
}
