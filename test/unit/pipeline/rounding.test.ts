/** Numbers of results are rounded; what a custom tool returns in another shape is passed on. */
import { test } from 'tap';
import { roundClasses, roundDetection } from '../../../src/pipeline/rounding.ts';
import type { Detection } from '../../../src/protocol.ts';

const box = { x: 1.26, y: 2, w: 3, h: 4.04, label: 'a', score: 0.123456 };
const rounded = { x: 1.3, y: 2, w: 3, h: 4, label: 'a', score: 0.1235 };

test('pixels have one decimal place, scores and radians four', async (t) => {
  const detection: Detection = {
    ...box,
    quad: [
      [0.11, 0.19],
      [1.01, 0],
      [1, 1],
      [0, 1],
    ],
    angle: 1.234567,
    polygons: [[[0.123, 4.567]]],
    keypoints: [
      [1.11, 2.22, 0.987654],
      [3.33, 4.44],
    ],
    text: 'b',
    text_score: 0.55555,
  };
  t.same(roundDetection(detection), {
    ...rounded,
    quad: [
      [0.1, 0.2],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
    angle: 1.2346,
    polygons: [[[0.1, 4.6]]],
    keypoints: [
      [1.1, 2.2, 0.9877],
      [3.3, 4.4],
    ],
    text: 'b',
    text_score: 0.5556,
  });
  t.same(roundClasses([{ label: 'a', score: 0.98765 }]), [{ label: 'a', score: 0.9877 }]);
});

test('keys that a tool adds are kept, and so are values in other shapes', async (t) => {
  const odd = {
    ...box,
    track_id: 1.23456,
    polygons: null,
    keypoints: [null, 'x'],
    quad: 'none',
    mask: { size: [1, 2] },
  };
  const { x, y, w, h, score, ...others } = odd;
  t.same(roundDetection(odd as unknown as Detection), { ...rounded, ...others });
  t.same(roundClasses('none' as never), 'none');
});
