/** Crossings of one line by one object: which side it is on, and whether it has passed between the end points. Pure. */
import type { Point } from '../protocol.ts';
import { segmentsCross, signedDistance } from './geometry.ts';

/** Where an object is. Undefined before it is seen. */
export interface LineSide {
  /** As seen from the line's first point toward its second. */
  readonly isRight: boolean;
  /** It has passed the line, but not by the margin, so that it may just tremble on it. */
  readonly isTouched: boolean;
}

/** `in`: from left to right. */
export type Direction = 'in' | 'out';

export interface LineStep {
  readonly side: LineSide;
  readonly crossed: Direction | undefined;
}

export interface Move {
  /** Place in the last frame that showed it; undefined in the first one. */
  readonly before: Point | undefined;
  readonly now: Point;
  /** It has changed sides only when it is this far from the line. */
  readonly marginPx: number;
}

/** One character per side, for the state. */
const codes = '1234';
const unseenCode = '0';

export function encodeSide(side: LineSide | undefined): string {
  if (side === undefined) return unseenCode;
  return codes[(side.isRight ? 1 : 0) + (side.isTouched ? 2 : 0)] ?? unseenCode;
}

export function decodeSide(code: string | undefined): LineSide | undefined {
  const index = code === undefined ? -1 : codes.indexOf(code);
  return index === -1 ? undefined : { isRight: index % 2 === 1, isTouched: index >= 2 };
}

export function stepLine(side: LineSide | undefined, line: readonly [Point, Point], move: Move): LineStep {
  const { before, now, marginPx } = move;
  const distance = signedDistance(now, ...line);
  const isRight = distance > 0;
  if (side === undefined || before === undefined) return { side: { isRight, isTouched: false }, crossed: undefined };
  const isTouched = side.isTouched || segmentsCross(before, now, ...line);
  if (Math.abs(distance) <= marginPx) return { side: { ...side, isTouched }, crossed: undefined };
  const crossed = isTouched && isRight !== side.isRight ? directionTo(isRight) : undefined;
  return { side: { isRight, isTouched: false }, crossed };
}

/** Of an object that is gone: whether it had passed the line, although not by the margin. @param last where it was seen last. */
export function endLine(side: LineSide | undefined, line: readonly [Point, Point], last: Point): Direction | undefined {
  const isRight = signedDistance(last, ...line) > 0;
  return side?.isTouched && side.isRight !== isRight ? directionTo(isRight) : undefined;
}

function directionTo(isRight: boolean): Direction {
  return isRight ? 'in' : 'out';
}
