/** Limbs and visible keypoints. */
import { test } from 'tap';
import { isVisible, limbsOf, minKeypointScore, sideOf } from '../../../src/web/skeleton.ts';

const parts = ['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'];
const cocoNames = ['nose', ...parts.flatMap((part) => [`left_${part}`, `right_${part}`])];

test('the 17 keypoints of COCO have 19 limbs', async (t) => {
  const limbs = limbsOf(cocoNames);
  t.equal(cocoNames.length, 17);
  t.equal(limbs.length, 19);
  const named = limbs.map(({ from, to, side }) => `${cocoNames[from]}-${cocoNames[to]} ${side}`);
  for (const limb of [
    'left_elbow-left_wrist left',
    'right_ankle-right_knee right',
    'left_shoulder-right_shoulder middle',
    'nose-left_eye left',
    'nose-right_eye right',
  ])
    t.ok(named.includes(limb), limb);
  const connected = new Set(limbs.flatMap(({ from, to }) => [from, to]));
  t.equal(connected.size, 17, 'every keypoint has a limb');
});

test('names decide, not places; other names have no limbs', async (t) => {
  t.strictSame(limbsOf(['left_wrist', 'tail', 'left_elbow']), [{ from: 2, to: 0, side: 'left' }]);
  t.strictSame(limbsOf(['left_wrist', 'tail']), []);
  t.strictSame(limbsOf([]), []);
});

test('sides of keypoints', async (t) => {
  t.strictSame(
    [sideOf('left_eye'), sideOf('right_hip'), sideOf('nose'), sideOf()],
    ['left', 'right', 'middle', 'middle'],
  );
});

test('a keypoint is visible from a minimum score on, or without a score', async (t) => {
  t.equal(isVisible([1, 2, minKeypointScore]), true);
  t.equal(isVisible([1, 2, minKeypointScore - 0.01]), false);
  t.equal(isVisible([1, 2]), true);
  t.equal(isVisible(undefined), false);
});
