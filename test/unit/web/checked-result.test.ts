/** Results in wrong shapes, as a custom tool may send them. */
import { test } from 'tap';
import type { FrameResult } from '../../../src/client/index.ts';
import { checkedResult } from '../../../src/web/checked-result.ts';

const frame = { width: 100, height: 50, timings_ms: { total: 1 } };
const box = { x: 1, y: 2, w: 3, h: 4, label: 'car', score: 0.9 };
const triangle = [
  [0, 0],
  [9, 0],
  [0, 9],
];
const quad = [...triangle, [5, 5]];
const check = (rest: object) => checkedResult({ ...frame, ...rest } as FrameResult);
const checkDetection = (rest: object) => check({ detections: [{ ...box, ...rest }] }).detections?.[0];

test('what the page shows is kept, and nothing else', async (t) => {
  const shown = {
    ...frame,
    detections: [
      {
        ...{ ...box, quad, polygons: [triangle], text: 'AB123', text_score: 0.8 },
        keypoints: [
          [1, 2],
          [3, 4, 0.5],
        ],
        ...{ track_id: 7, text_reads: 3, text_settled: false },
      },
    ],
    tracks: [{ track_id: 7, label: 'car', x: 1, y: 2, w: 3, h: 4, vx: 5, vy: -6, age_ms: 100, lost_ms: 0 }],
    ...{ text: 'x', text_score: 0.5, classes: [{ label: 'cat', score: 0.7 }] },
    ...{ keypoint_names: ['nose', 'left_eye'], warnings: ['gray'] },
  };
  t.strictSame(check({ ...shown, zone: 5 }), shown);
  t.strictSame(check({}), frame);
});

test('a key of another shape is left out', async (t) => {
  for (const wrong of [null, 5, 'x', true, {}]) {
    for (const key of ['detections', 'classes', 'keypoint_names', 'tracks', 'warnings']) {
      t.strictSame(check({ [key]: wrong }), frame, `${key}: ${wrong}`);
    }
    for (const key of ['quad', 'polygons', 'keypoints', 'track_id', 'text_reads', 'text_settled']) {
      if (key === 'text_settled' && wrong === true) continue;
      if (wrong === 5 && (key === 'track_id' || key === 'text_reads')) continue;
      t.strictSame(checkDetection({ [key]: wrong }), box, `${key}: ${wrong}`);
    }
  }
  t.strictSame(check({ text: 5, text_score: 'x' }), frame);
  t.strictSame(checkDetection({ text: 5, text_score: 'x' }), box);
});

test('entries of another shape are left out', async (t) => {
  t.strictSame(check({ detections: [null, 5, 'x', [], {}, { ...box, x: '1' }, { ...box, w: null }] }).detections, []);
  t.strictSame(check({ classes: [null, 'cat', { label: 'cat' }, { label: 5, score: 1 }] }).classes, []);
  t.strictSame(check({ warnings: [null, 'gray'] }).warnings, ['gray']);
  t.strictSame(checkDetection({ polygons: [null, 5, [], [[0, 0]], [...triangle, null], [...triangle, ['1', 2]]] }), {
    ...box,
    polygons: [],
  });
  t.strictSame(checkDetection({ quad: triangle }), box);
});

test('a detection without a label or a score is still shown', async (t) => {
  t.strictSame(checkDetection({ label: 5, score: null }), { ...box, label: '', score: Number.NaN });
});

test('a keypoint of another shape is not visible, and the others keep their names', async (t) => {
  const keypoints = [null, [1, 2], 'x', [1], [1, 2, 'x'], [3, 4, 0.9]];
  const unseen = [0, 0, 0];
  t.strictSame(checkDetection({ keypoints })?.keypoints, [unseen, [1, 2], unseen, unseen, unseen, [3, 4, 0.9]]);
  t.strictSame(check({ keypoint_names: ['nose', 5, 'left_ear'] }).keypoint_names, ['nose', '', 'left_ear']);
});
