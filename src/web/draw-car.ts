/** Draws a car of the sample scene, seen from behind. */
import { paint, withColors } from './paint.ts';

/** The paint of each body. None is as yellow as the boxes that the console draws around detections. */
export const bodyColors = ['#a81f2d', '#1f5fa8', '#b4bcc4', '#1d6b57'] as const;

/** Extent of a car in hundredths of a plate's width, from the middle of the plate's upper edge. */
export const carBox = { left: -190, top: -170, width: 380, height: 285 } as const;

/** Outlines in the same units. */
const body =
  'M-150 -62 C-167 -50 -171 -20 -169 20 L-166 62 Q-164 78 -148 78 L148 78 Q164 78 166 62 L169 20 C171 -20 167 -50 150 -62 Q0 -70 -150 -62 Z';
const cabin =
  'M-154 -56 C-140 -82 -126 -118 -112 -142 Q-105 -155 -84 -158 Q0 -168 84 -158 Q105 -155 112 -142 C126 -118 140 -82 154 -56 Z';
const rearWindow =
  'M-128 -74 C-119 -94 -110 -116 -101 -133 Q-96 -142 -84 -144 Q0 -152 84 -144 Q96 -142 101 -133 C110 -116 119 -94 128 -74 Q0 -64 -128 -74 Z';
const glare = 'M-70 -145 L-22 -148 L-72 -70 L-121 -73 Z M0 -149 L18 -149 L-34 -69 L-52 -69 Z';
const seams = 'M-108 -62 C-112 -30 -108 10 -98 38 L98 38 C108 10 112 -30 108 -62 M-169 20 L-103 20 M103 20 L169 20';
const recess = 'M-60 -11 L60 -11 Q67 -11 67 -4 L64 25 Q63 32 56 32 L-56 32 Q-63 32 -64 25 L-67 -4 Q-67 -11 -60 -11 Z';
const bumper = 'M-167 46 Q0 54 167 46 L165 66 Q162 86 144 86 L-144 86 Q-162 86 -165 66 Z';
const handle = 'M-34 -22 L34 -22 Q37 -22 37 -19 Q37 -16 34 -16 L-34 -16 Q-37 -16 -37 -19 Q-37 -22 -34 -22 Z';

/** Parts of the left side; the right side mirrors them. */
const wheel = 'M-157 50 L-109 50 L-109 89 Q-109 97 -118 97 L-148 97 Q-157 97 -157 89 Z';
const mirror = 'M-150 -72 L-174 -84 Q-184 -86 -184 -76 Q-184 -66 -172 -66 L-150 -64 Z';
const headrest = 'M-78 -72 L-74 -102 Q-72 -110 -62 -110 L-46 -110 Q-36 -110 -34 -102 L-30 -72 Z';
const lamp = 'M-160 -48 Q-132 -52 -101 -45 L-105 -16 Q-136 -12 -168 -20 Q-169 -38 -160 -48 Z';
const lampInside = 'M-157 -42 Q-134 -46 -108 -41 L-109 -35 Q-136 -39 -161 -34 Z';
const reverseLamp = 'M-126 -31 L-107 -29 L-109 -21 L-128 -21 Z';
const reflector = 'M-150 60 L-118 62 L-118 67 L-150 65 Z';
const exhaust = 'M-104 80 L-78 80 Q-74 80 -74 84 L-74 88 L-108 88 L-108 84 Q-108 80 -104 80 Z';

/** Draws a car without its plate. @param color one of {@link bodyColors}. */
export function drawCar(context: CanvasRenderingContext2D, color: string): void {
  drawShadow(context);
  for (const side of mirrored(context)) {
    paint(side, wheel, ['#0c0d0f', '#2b2d31', '#121315'], [50, 97]);
    paint(side, mirror, color);
    paint(side, mirror, ['rgb(0 0 0 / 0.1)', 'rgb(0 0 0 / 0.5)'], [-86, -64]);
  }
  paint(context, cabin, color);
  paint(context, cabin, ['rgb(255 255 255 / 0.3)', 'rgb(255 255 255 / 0)', 'rgb(0 0 0 / 0.35)'], [-165, -56]);
  paint(context, rearWindow, ['#8fa9ba', '#42525e', '#1d262d'], [-150, -66]);
  for (const side of mirrored(context)) paint(side, headrest, 'rgb(10 14 18 / 0.55)');
  paint(context, glare, 'rgb(255 255 255 / 0.12)');
  paint(context, 'M-26 -145 L26 -145 L25 -141 L-25 -141 Z', '#c8202c');
  paint(context, body, color);
  paint(context, body, ['rgb(255 255 255 / 0.4)', 'rgb(255 255 255 / 0.04)', 'rgb(0 0 0 / 0.5)'], [-66, 80]);
  context.fillStyle = withColors(context.createLinearGradient(-170, 0, 170, 0), roundness);
  context.fill(new Path2D(body));
  context.strokeStyle = 'rgb(0 0 0 / 0.28)';
  context.lineWidth = 1.4;
  context.stroke(new Path2D(seams));
  for (const side of mirrored(context)) {
    paint(side, lamp, ['#e23a3f', '#a50f19', '#6f0a12'], [-50, -14]);
    paint(side, lampInside, 'rgb(255 190 180 / 0.75)');
    paint(side, reverseLamp, '#f1ede4');
  }
  paint(context, recess, color);
  paint(context, recess, ['rgb(0 0 0 / 0.62)', 'rgb(0 0 0 / 0.3)'], [-11, 32]);
  paint(context, handle, ['#f4f6f8', '#8b939b'], [-22, -16]);
  paint(context, bumper, ['#45484d', '#24262a', '#17181b'], [46, 86]);
  for (const side of mirrored(context)) {
    paint(side, reflector, '#b3121d');
    paint(side, exhaust, ['#d5d9dd', '#5d6369'], [80, 88]);
  }
}

/** Light on the middle of the body, and shade on its sides. */
const roundness = [
  'rgb(0 0 0 / 0.4)',
  'rgb(0 0 0 / 0.06)',
  'rgb(255 255 255 / 0.06)',
  'rgb(0 0 0 / 0.06)',
  'rgb(0 0 0 / 0.4)',
] as const;

function drawShadow(context: CanvasRenderingContext2D): void {
  context.save();
  context.translate(0, 95);
  // A circle, flattened.
  context.scale(1, 0.1);
  const shade = context.createRadialGradient(0, 0, 110, 0, 0, 186);
  context.fillStyle = withColors(shade, ['rgb(8 10 14 / 0.75)', 'rgb(8 10 14 / 0)']);
  context.fillRect(-190, -190, 380, 380);
  context.restore();
}

/** The context as it is, then with left and right exchanged. */
function* mirrored(context: CanvasRenderingContext2D): Generator<CanvasRenderingContext2D> {
  for (const direction of [1, -1]) {
    context.save();
    context.scale(direction, 1);
    yield context;
    context.restore();
  }
}
