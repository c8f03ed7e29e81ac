/** The tiny models are complete: each frame has results, in lists of one length, and masks that can be decoded. */
import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'tap';
import { decodeMask, readYoloFixture, yoloFixtures } from '../../support/yolo-fixtures.ts';

const listOf = {
  detect: 'boxes',
  segment: 'masks',
  pose: 'keypoints',
  obb: 'rotated',
  classify: 'probabilities',
} as const;

for (const file of readdirSync(yoloFixtures).filter((each) => each.endsWith('.json'))) {
  const name = basename(file, '.json');
  test(name, (t) => {
    const { task, names, frames } = readYoloFixture(name);
    t.ok(existsSync(`${yoloFixtures}/${name}.onnx`), 'has its model');
    for (const frame of frames) {
      t.equal(frame[listOf[task]]?.length, task === 'classify' ? names.length : frame.boxes.length, 'one per box');
      if (task !== 'classify') t.ok(frame.boxes.length > 1, 'several boxes');
      for (const mask of frame.masks ?? []) {
        const pixels = decodeMask(mask);
        const filled = pixels.reduce((sum, pixel) => sum + pixel, 0);
        t.ok(filled > 0 && filled < pixels.length, 'a mask is neither empty nor everything');
      }
    }
    t.notSame(frames[0]?.[listOf[task]], frames[1]?.[listOf[task]], 'the frames differ');
    t.end();
  });
}

test('masks are decoded as pycocotools encodes them', (t) => {
  // Columns 0 1 1 | 1 0 0 | 0 0 1, encoded by pycocotools 2.0.11.
  const mask = decodeMask({ size: [3, 3], counts: '134N' });
  t.same([...mask], [0, 1, 0, 1, 0, 0, 1, 0, 1]);
  t.end();
});
