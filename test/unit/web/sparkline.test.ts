/** The small chart of a row. */
import { test } from 'tap';
import { sparkline } from '../../../src/web/sparkline.ts';

test('frames are an area, results a line, on the same scale', async (t) => {
  t.strictSame(sparkline([0, 4, 4], [0, 2, 4]), { frames: 'M0 20V20H1V0H2V0H3V20Z', results: 'M0 20V20H1V10H2V0H3' });
});

test('without frames the line is at the bottom', async (t) => {
  t.equal(sparkline([0, 0], [0, 0]).results, 'M0 20V20H1V20H2');
});
