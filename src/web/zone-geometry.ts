/** Where zones, their arrows and their names are on the picture. Pure. */
import type { Point, Zone } from '../client/index.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** In CSS pixels. */
export const arrowLength = 26;
const headLength = 9;
const headWidth = 7;
const nameGap = 14;
const nameInset = 8;

/** The points of an area or a line. */
export function pointsOf(zone: Zone): readonly Point[] {
  return 'area' in zone ? zone.area : zone.line;
}

export function toPixels([x, y]: Point, { width, height }: Size): Point {
  return [x * width, y * height];
}

/** The arrow in the middle of a line, in the direction `in`: from left to right as seen from its first point toward its second. */
export function arrowOf([from, to]: readonly [Point, Point], size: Size): { shaft: [Point, Point]; head: Point[] } {
  const [start, end] = [toPixels(from, size), toPixels(to, size)];
  const middle: Point = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2];
  const [nx, ny] = rightOf(start, end);
  const at = (along: number, across: number): Point => [
    middle[0] + nx * along - ny * across,
    middle[1] + ny * along + nx * across,
  ];
  const neck = arrowLength - headLength;
  return {
    shaft: [middle, at(neck, 0)],
    head: [at(arrowLength, 0), at(neck, headWidth), at(neck, -headWidth)],
  };
}

/**
 * Where the name of a zone is, as the center of its text: inside an area at its upper left; behind the arrow of a line, or beyond one of its
 * ends if there is no room.
 */
export function namePlace(zone: Zone, size: Size, text: Size): Point {
  const points = pointsOf(zone).map((point) => toPixels(point, size));
  if ('area' in zone) {
    const corner = points.reduce((best, point) => (point[0] + point[1] < best[0] + best[1] ? point : best));
    return within([corner[0] + nameInset + text.width / 2, corner[1] + nameInset + text.height / 2], size, text);
  }
  const [start, end] = points as [Point, Point];
  const [nx, ny] = rightOf(start, end);
  const middle: Point = [(start[0] + end[0]) / 2, (start[1] + end[1]) / 2];
  const places = [away(middle, [-nx, -ny], text), away(start, [-ny, nx], text), away(end, [ny, -nx], text)];
  const free = places.find((place) => isSame(place, within(place, size, text)));
  return free ?? within(places[0] as Point, size, text);
}

/** The center of a text that is next to a place in a direction. */
function away([x, y]: Point, [dx, dy]: Point, text: Size): Point {
  const distance = nameGap + (Math.abs(dx) * text.width) / 2;
  return [x + dx * distance, y + dy * distance];
}

function isSame(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** The index of the point that is nearest to a place, if it is at most `reach` away. All in pixels. */
export function nearestPoint(points: readonly Point[], place: Point, reach: number): number | undefined {
  const distances = points.map(([x, y]) => Math.hypot(x - place[0], y - place[1]));
  const least = Math.min(...distances);
  return least <= reach ? distances.indexOf(least) : undefined;
}

/** The middles of the sides of an area; the last one is between the last point and the first. */
export function middlesOf(points: readonly Point[]): Point[] {
  return points.map(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] as Point;
    return [(x + nextX) / 2, (y + nextY) / 2];
  });
}

/** Whether two sides of an area cross or touch each other, other than at their common corner: then its inside is not clear. */
export function sidesCross(corners: readonly Point[]): boolean {
  const sideAt = (index: number) => [corners[index], corners[(index + 1) % corners.length]] as [Point, Point];
  return corners.some((_, first) =>
    corners.slice(first + 2).some((_other, offset) => {
      const second = first + 2 + offset;
      const areNeighbors = (second + 1) % corners.length === first;
      return !areNeighbors && segmentsCross(sideAt(first), sideAt(second));
    }),
  );
}

function segmentsCross([a1, a2]: readonly [Point, Point], [b1, b2]: readonly [Point, Point]): boolean {
  const turn = ([x1, y1]: Point, [x2, y2]: Point, [x, y]: Point) => (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1);
  const [start, end] = [turn(b1, b2, a1), turn(b1, b2, a2)];
  // Both on the other's straight line: they lie one after the other.
  if (start === 0 && end === 0) return false;
  return start * end <= 0 && turn(a1, a2, b1) * turn(a1, a2, b2) <= 0;
}

/** The unit vector to the right of a direction: the image's y axis points down. */
function rightOf(start: Point, end: Point): Point {
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const length = Math.hypot(dx, dy) || 1;
  return [-dy / length, dx / length];
}

/** Moves the center of a text so that all of it is on the picture. */
function within([x, y]: Point, size: Size, text: Size): Point {
  const inside = (at: number, whole: number, part: number) => Math.max(part / 2, Math.min(whole - part / 2, at));
  return [inside(x, size.width, text.width), inside(y, size.height, text.height)];
}
