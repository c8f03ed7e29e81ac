/** Draws the street of the sample scene: everything that does not move. */
import { paint, withColors } from './paint.ts';
import { cameraHeight, horizonY, laneOffset, sceneHeight, sceneWidth } from './traffic.ts';

const middleX = sceneWidth / 2;
/** Distances from the middle of the road, in plate widths. */
const laneEdge = 1.9 * laneOffset;
const curb = laneEdge + 0.3;
const sidewalk = curb + 1.1;
/** Trees stand at these distances from the camera; 1 is where a plate is as wide as at the lower edge of the scene. */
const treeDistances = [10, 6.6, 4.4, 3, 2.1];
/** Skyline: the left edge, width and height of each building, in pixels. */
const buildings = [
  [40, 62, 128],
  [112, 76, 82],
  [204, 46, 112],
  [262, 70, 64],
  [338, 54, 88],
  [560, 66, 58],
  [634, 50, 104],
  [696, 72, 76],
  [790, 58, 126],
  [860, 84, 90],
] as const;
/** A cloud, and where clouds are: center and size. */
const cloud = 'M-50 10Q-56 -2 -38 -5Q-34 -19 -15 -16Q-2 -30 17 -19Q36 -20 37 -5Q54 -6 50 10Z';
const clouds = [
  [250, 44, 1.1],
  [425, 92, 0.7],
  [585, 42, 1.4],
  [790, 30, 0.8],
] as const;
/** A crown of leaves, and the light on it: center and radius of each circle, in plate widths. */
const crown = [
  [-0.8, -2.5, 0.75],
  [0.8, -2.6, 0.75],
  [0, -2.5, 0.9],
  [-0.5, -3.4, 0.85],
  [0.5, -3.4, 0.85],
  [0, -4, 0.75],
] as const;
const light = [
  [0.75, -3, 0.5],
  [0.15, -3.1, 0.42],
  [0.6, -3.7, 0.5],
  [-0.45, -3.7, 0.42],
  [0.1, -4.3, 0.38],
  [-0.85, -2.8, 0.36],
] as const;

export function drawStreet(context: CanvasRenderingContext2D): void {
  drawSky(context);
  drawSkyline(context);
  const ground = [horizonY, sceneHeight] as const;
  paint(context, `M0 ${horizonY}H${sceneWidth}V${sceneHeight}H0Z`, ['#a8b98a', '#6f8f52', '#4f7240'], ground);
  paint(context, strip(-sidewalk, sidewalk), ['#c3c3bf', '#a7a6a2'], ground);
  paint(context, strip(-curb, curb), ['#d9d9d5', '#c4c3bf'], ground);
  paint(context, strip(-laneEdge - 0.22, laneEdge + 0.22), ['#8f9296', '#5b5d62', '#45474c'], ground);
  for (const side of [-laneEdge, laneEdge]) paint(context, strip(side - 0.045, side + 0.045), '#e4e4e0');
  // Dashes and gaps are equally long, and a distance of n gaps is seen at 1/n of the height.
  for (let near = 0.9; near < 14; near += 0.9) {
    paint(context, strip(-0.045, 0.045, widthAt(near + 0.45), widthAt(near)), '#e4e4e0');
  }
  for (const distance of treeDistances) {
    for (const side of [-1, 1]) drawTree(context, side, widthAt(distance));
  }
}

/** How wide a plate on the road is, at a distance from the camera. */
function widthAt(distance: number): number {
  return (sceneHeight - horizonY) / cameraHeight / distance;
}

/**
 * A strip along the road.
 * @param left its edges, in plate widths from the middle.
 * @param far how wide a plate is at its ends.
 */
function strip(left: number, right: number, far = 0, near = widthAt(1)): string {
  const at = (offset: number, width: number) => `${middleX + offset * width} ${horizonY + cameraHeight * width}`;
  return `M${at(left, far)}L${at(right, far)}L${at(right, near)}L${at(left, near)}Z`;
}

function drawSky(context: CanvasRenderingContext2D): void {
  paint(context, `M0 0H${sceneWidth}V${horizonY}H0Z`, ['#5f9fd8', '#a5cbe8', '#f3e6d3'], [0, horizonY]);
  const sun = context.createRadialGradient(700, 120, 0, 700, 120, 260);
  context.fillStyle = withColors(sun, ['rgb(255 244 214 / 0.85)', 'rgb(255 236 200 / 0.25)', 'rgb(255 236 200 / 0)']);
  context.fillRect(0, 0, sceneWidth, horizonY);
  for (const [x, y, size] of clouds) {
    context.save();
    context.translate(x, y);
    context.scale(size, size);
    paint(context, cloud, ['rgb(255 255 255 / 0.95)', 'rgb(255 255 255 / 0.45)'], [-24, 10]);
    context.restore();
  }
}

function drawSkyline(context: CanvasRenderingContext2D): void {
  paint(
    context,
    `M0 ${horizonY}V150Q120 108 260 140T480 152T700 136T${sceneWidth} 120V${horizonY}Z`,
    ['#a9bfcf', '#c3cfd2'],
    [110, horizonY],
  );
  for (const [index, [x, width, height]] of buildings.entries()) {
    const top = horizonY - height;
    const colors = index % 2 === 0 ? ['#8c9bab', '#b9bfc4'] : ['#a39a94', '#c7c0b8'];
    paint(context, `M${x} ${top}h${width}V${horizonY}h${-width}Z`, colors, [top, horizonY]);
    // Bands of glass: single windows would be mistaken for letters.
    let bands = '';
    for (let y = top + 8; y < horizonY - 8; y += 12) bands += `M${x + 6} ${y}h${width - 12}v5h${12 - width}Z`;
    paint(context, bands, 'rgb(52 66 82 / 0.3)');
  }
}

/** A tree beside the road. @param unit how wide a plate is at its distance, in pixels. */
function drawTree(context: CanvasRenderingContext2D, side: number, unit: number): void {
  context.save();
  context.translate(middleX + side * (sidewalk + 1.2) * unit, horizonY + cameraHeight * unit);
  context.scale(unit, unit);
  context.fillStyle = 'rgb(20 34 16 / 0.3)';
  context.beginPath();
  context.ellipse(0.5, 0, 1.6, 0.16, 0, 0, 2 * Math.PI);
  context.fill();
  paint(context, 'M-0.16 0L-0.1 -2.4L0.1 -2.4L0.16 0Z', '#5b4636');
  paint(context, circles(crown), ['#6d9a4c', '#4f7f3b', '#35602f'], [-4.8, -1.6]);
  paint(context, circles(light), 'rgb(166 200 104 / 0.28)');
  context.restore();
}

/** The path of circles; where they overlap, it is filled once. */
function circles(list: readonly (readonly [x: number, y: number, radius: number])[]): string {
  return list.map(([x, y, r]) => `M${x - r} ${y}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0Z`).join('');
}
