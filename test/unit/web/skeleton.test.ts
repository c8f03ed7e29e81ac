/** Limbs and visible keypoints. */
import { test } from 'tap';
import { isVisible, limbsOf, minKeypointScore, namesOf, sideOf } from '../../../src/web/skeleton.ts';

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

test('a person with 17 keypoints without names has those of COCO', async (t) => {
  const keypoints = cocoNames.map((): [number, number] => [1, 2]);
  const person = { x: 0, y: 0, w: 9, h: 9, label: 'person', score: 0.9, keypoints };
  t.strictSame(namesOf(person, []), cocoNames);
  const numbers = cocoNames.map((_, index) => String(index));
  t.strictSame(namesOf(person, numbers), cocoNames, 'Ultralytics numbers them if a data set has no names');
  const others = cocoNames.map((name) => `x_${name}`);
  t.strictSame(namesOf(person, others), others);
  t.strictSame(namesOf({ ...person, label: 'horse' }, []), [], 'animals have another order');
  t.strictSame(namesOf({ ...person, keypoints: keypoints.slice(1) }, []), []);
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
