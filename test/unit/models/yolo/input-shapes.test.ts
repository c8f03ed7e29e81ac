/** Input sizes for frames of other aspect ratios: as many pixels, and no other frame is scaled down more than before. */
import { test } from 'tap';
import { bestShape, halfOf, shapesLike, sideMultipleOf } from '../../../../src/models/yolo/input-shapes.ts';

const of = (width: number, height: number) => ({ width, height });

test('frames of cameras get a size of their shape', async (t) => {
  const shapes = shapesLike(of(640, 480), 32);
  t.same(shapes, [of(640, 480), of(736, 416), of(480, 640), of(416, 736)]);
  t.same(bestShape(shapes, of(1920, 1080)), of(736, 416));
  t.same(bestShape(shapes, of(1080, 1920)), of(416, 736));
  t.same(bestShape(shapes, of(1600, 1200)), of(640, 480));
  t.same(bestShape(shapes, of(1200, 1600)), of(480, 640));
  t.same(bestShape(shapes, of(500, 500)), of(640, 480), 'the first of equal ones');
  t.same(bestShape(shapes, of(4000, 10)), of(736, 416));
});

test('no size has more pixels, and none scales a frame down more than the first one', async (t) => {
  for (const multiple of [32, 64]) {
    for (let width = multiple; width <= 1280; width += multiple) {
      for (let height = multiple; height <= 1280; height += multiple) {
        const [first, ...others] = shapesLike(of(width, height), multiple);
        t.same(first, of(width, height));
        const odd = others.filter((size) => size.width % multiple > 0 || size.height % multiple > 0);
        const large = others.filter((size) => size.width * size.height > width * height);
        if (odd.length + large.length > 0) t.fail(`${width}x${height}: ${JSON.stringify(others)}`);
      }
    }
  }
});

test('half a size is rounded up to what the model takes', async (t) => {
  t.same(halfOf(of(640, 480), 32), of(320, 256));
  t.same(halfOf(of(64, 32), 64), of(64, 64));
});

test('sides are multiples of 32, or of the larger stride that the file names', async (t) => {
  t.same(
    [{}, { stride: '8' }, { stride: '32' }, { stride: '64' }, { stride: 'x' }].map(sideMultipleOf),
    [32, 32, 32, 64, 32],
  );
});
