/** The handles of a zone: which there are, and their elements. */
import type { Point, Zone } from '../client/index.ts';
import { svgElement } from './svg-elements.ts';
import type { Corner } from './zone-edits.ts';
import { middlesOf, pointsOf, type Size, toPixels } from './zone-geometry.ts';

/** In CSS pixels. */
const handleRadius = 6;
/** As near as a finger can point. */
export const reach = 16;
/** Sides that are shorter have no handle in their middle, which would cover those at their ends. */
const minSide = 4 * reach;

export interface Handle {
  readonly place: Point;
  readonly attributes: Partial<Record<(typeof handleAttributes)[number], string>>;
}

export const handleAttributes = ['class', 'tabindex', 'role', 'aria-label', 'data-corner', 'data-middle'] as const;

/** The corners of a zone, and the middles of an area's sides, at which corners can be added. */
export function handlesOf(zone: Zone | undefined, index: number, size: Size): Handle[] {
  if (zone === undefined) return [];
  const points = pointsOf(zone);
  const corners = points.map((place, at) => ({
    place,
    attributes: {
      ...{ class: 'handle', tabindex: '0', role: 'button', 'data-corner': `${index} ${at}` },
      'aria-label': `${zone.name}, point ${at + 1} of ${points.length}, at ${percent(place[0])} across and ${percent(place[1])} down`,
    },
  }));
  if ('line' in zone) return corners;
  const middles = middlesOf(points).flatMap((place, at) => {
    const [x, y] = toPixels(points[at] as Point, size);
    const [middleX, middleY] = toPixels(place, size);
    if (2 * Math.hypot(middleX - x, middleY - y) < minSide) return [];
    const data = { 'data-corner': `${index} ${at}`, 'data-middle': '' };
    const label = `${zone.name}, add a point after point ${at + 1}`;
    return [
      { place, attributes: { class: 'handle middle', tabindex: '0', role: 'button', 'aria-label': label, ...data } },
    ];
  });
  return [...corners, ...middles];
}

/** The first point is emphasized when a click on it closes the area. */
export function draftHandles(points: readonly Point[], canClose: boolean): Handle[] {
  return points.map((place, at) => ({
    place,
    attributes: { class: at === 0 && canClose ? 'handle closing' : 'handle' },
  }));
}

/** A circle to see, in one that is as large as a finger. */
export function createHandle(): SVGGElement {
  const handle = svgElement('g');
  handle.append(
    svgElement('circle', { class: 'reach', r: reach }),
    svgElement('circle', { class: 'dot', r: handleRadius }),
  );
  return handle;
}

export function cornerOf(target: EventTarget | null): (Corner & { readonly isMiddle: boolean }) | undefined {
  const handle = target instanceof Element ? target.closest('[data-corner]') : null;
  if (handle === null) return undefined;
  const [zone = 0, point = 0] = (handle.getAttribute('data-corner') ?? '').split(' ').map(Number);
  return { zone, point, isMiddle: handle.hasAttribute('data-middle') };
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
