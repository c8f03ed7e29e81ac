/** Colors of tracks. */
import { test } from 'tap';
import { classPalette } from '../../../src/web/class-colors.ts';
import { trackColor } from '../../../src/web/track-colors.ts';

test('a number has the same color each time, and consecutive ones differ', async (t) => {
  const colors = Array.from({ length: classPalette.length }, (_, index) => trackColor(index + 1));
  t.equal(new Set(colors).size, classPalette.length);
  t.equal(trackColor(3), colors[2]);
});

test('every whole number has a color', async (t) => {
  for (const id of [0, -1, -8, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
    t.match(trackColor(id), /^#[0-9a-f]{6}$/);
});
