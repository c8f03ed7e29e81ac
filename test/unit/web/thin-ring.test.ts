/** Outlines with fewer points. */
import { test } from 'tap';
import type { Point } from '../../../src/client/index.ts';
import { thinRing } from '../../../src/web/thin-ring.ts';

const circle = (count: number, radius: number): Point[] =>
  Array.from({ length: count }, (_, index) => {
    const angle = (index / count) * 2 * Math.PI;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });

test('a circle with many points keeps its shape with fewer', async (t) => {
  const radius = 50;
  const thin = thinRing(circle(1000, radius), 1);
  t.ok(thin.length < 100, `${thin.length} points`);
  thin.forEach(([x, y], index) => {
    const [nextX, nextY] = thin[(index + 1) % thin.length] as Point;
    const inner = Math.hypot((x + nextX) / 2, (y + nextY) / 2);
    t.ok(radius - inner < 0.5, `${radius - inner} pixels`);
  });
});

test('corners and spikes stay, and so does everything if a pixel is small', async (t) => {
  const star: Point[] = [
    [0, 0],
    [4, 0],
    [4, -6],
    [4, 0.1],
    [8, 0],
    [8, 8],
    [0, 8],
  ];
  t.strictSame(thinRing(star, 1), star);
  const ring = circle(100, 50);
  t.strictSame(thinRing(ring, 0.01), ring);
});
