/** Drawing on a transparent background. */
import { test } from 'tap';
import { createCanvas, fillBox } from '../../../src/samples/canvas.ts';
import { cutOut, toRgba } from '../../../src/samples/cut-out.ts';

test('drawn pixels are opaque, others are transparent, and edges are in between', async (t) => {
  const rgba = cutOut(4, 1, (canvas) => fillBox(canvas, { x: 0.5, y: -2, w: 2.5, h: 6 }, [200, 100, 50]));
  const pixels = Array.from({ length: 4 }, (_, x) => [...rgba.slice(x * 4, x * 4 + 4)]);
  t.strictSame(pixels[1], [200, 100, 50, 255]);
  t.strictSame(pixels[3], [0, 0, 0, 0]);
  const [red = 0, green = 0, blue = 0, alpha = 0] = pixels[0] ?? [];
  t.ok(Math.abs(alpha - 128) < 3, `${alpha}`);
  t.ok(Math.abs(red - 200) < 4 && Math.abs(green - 100) < 4 && Math.abs(blue - 50) < 4, `${pixels[0]}`);
});

test('adds an alpha channel', async (t) => {
  t.strictSame([...toRgba(createCanvas(2, 1, [1, 2, 3]))], [1, 2, 3, 255, 1, 2, 3, 255]);
});
