/** `npm run bench:console`: how long the console takes to draw a frame with tracks, in Chromium without a GPU. */
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { findChromium } from '../test/support/browser.ts';

interface Flags {
  readonly frames: string;
  readonly tracks: string;
}

const flags = new Command('npm run bench:console --')
  .description('Draws frames with tracks on a canvas of 960x540, and prints the median of the milliseconds per frame.')
  .option('--frames <n>', 'frames per case', '300')
  .option('--tracks <list>', 'numbers of tracks', '0,1,10,50,100')
  .parse()
  .opts<Flags>();

/**
 * Runs in the page. Each track drives around at 30 frames per second, so that its trail is as long as trails get. Reading a pixel makes the
 * browser finish the drawing.
 */
const script = `
import { ClassColors } from './src/web/class-colors.ts';
import { drawTrails } from './src/web/draw-trails.ts';
import { drawDetections } from './src/web/overlay.ts';
import { Trails } from './src/web/trails.ts';

const [width, height, frameMs] = [960, 540, 33];
const canvas = Object.assign(document.createElement('canvas'), { width, height });
const context = canvas.getContext('2d', { alpha: false });
const picture = new OffscreenCanvas(width, height);
picture.getContext('2d').fillRect(0, 0, width, height);
const options = { scale: 1, density: 1, hasLabels: true, colors: new ClassColors(), keypointNames: [], taken: [] };

globalThis.measure = (count, frames, parts) => {
  const trails = new Trails();
  const boxesAt = (frame) => Array.from({ length: count }, (_, id) => ({
    x: 430 + 400 * Math.cos(frame / 40 + id), y: 240 + 220 * Math.sin(frame / 25 + 3 * id), w: 60, h: 40,
    label: 'car', score: 0.9, ...(parts === 'boxes' ? {} : { track_id: id }),
  }));
  const draw = (frame) => {
    const boxes = boxesAt(frame);
    context.drawImage(picture, 0, 0);
    if (parts === 'trails') {
      trails.add(boxes, frame * frameMs);
      drawTrails(context, trails.trails, { nowMs: frame * frameMs, scale: 1, density: 1 });
    }
    drawDetections(context, boxes, [], options);
    context.getImageData(0, 0, 1, 1);
  };
  for (let frame = 0; frame < 100; frame++) draw(frame);
  const times = [];
  for (let frame = 100; frame < 100 + frames; frame++) {
    const start = performance.now();
    draw(frame);
    times.push(performance.now() - start);
  }
  const places = [...trails.trails.values()].reduce((sum, trail) => sum + trail.length, 0);
  return { ms: times.sort((a, b) => a - b)[Math.floor(frames / 2)], places };
};
`;

declare const measure: (count: number, frames: number, parts: string) => { ms: number; places: number };

const executablePath = findChromium();
if (executablePath === undefined) throw new Error('Chromium not found in PATH or CHROMIUM');
const resolveDir = fileURLToPath(new URL('..', import.meta.url));
const bundle = await build({ stdin: { contents: script, resolveDir, loader: 'ts' }, bundle: true, write: false });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage();
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
  const frames = Number(flags.frames);
  process.stdout.write('tracks  boxes, ms  with trails, ms  places in trails\n');
  for (const tracks of flags.tracks.split(',').map(Number)) {
    const run = (parts: string) =>
      page.evaluate(([count, n, of]) => measure(count, n, of), [tracks, frames, parts] as const);
    const boxes = await run('boxes');
    const trails = await run('trails');
    const cells = [String(tracks).padEnd(6), boxes.ms.toFixed(2).padStart(9), trails.ms.toFixed(2).padStart(15)];
    process.stdout.write(`${cells.join('  ')}  ${String(trails.places).padStart(16)}\n`);
  }
} finally {
  await browser.close();
}
