/** Detections of a run: named, limited, best first, and with what their task adds. */
import { test } from 'tap';
import { placeImage } from '../../../../src/models/image.ts';
import { type BoxReader, type ReportLimits, readDetections } from '../../../../src/models/yolo/box-reader.ts';
import { createCandidates } from '../../../../src/models/yolo/candidates.ts';
import { UprightReader } from '../../../../src/models/yolo/detect.ts';

const frame = { width: 64, height: 64 };
const limits: ReportLimits = { scoreThreshold: 0, iouThreshold: 0.45, maxDetections: 100, allowedLabels: undefined };

/** Corners, score and class. */
const allBoxes: number[][] = [
  [0, 0, 10, 10, 0.5, 0],
  [1, 0, 11, 10, 0.75, 0],
  [30, 30, 40, 40, 0.25, 1],
  [-20, 0, -5, 10, 1, 0],
];

function run(boxes = allBoxes) {
  const candidates = createCandidates(boxes.length);
  candidates.count = boxes.length;
  for (const [index, [x1, y1, x2, y2, score, classIndex]] of boxes.entries()) {
    Object.entries({ x1, y1, x2, y2, score, classIndex }).forEach(([key, value]) => {
      candidates[key as 'x1'][index] = value as number;
    });
  }
  return { outputs: {}, candidates, placement: placeImage(frame, frame, 'letterbox'), frame };
}

function read(reader: BoxReader, names: string[] = [], others: Partial<ReportLimits> = {}) {
  return readDetections(reader, run(), names, { ...limits, ...others });
}

test('the best of overlapping boxes on the frame, best first', async (t) => {
  t.same(read(new UprightReader(), ['car']), [
    { x: 1, y: 0, w: 10, h: 10, label: 'car', score: 0.75 },
    { x: 30, y: 30, w: 10, h: 10, label: 'class 1', score: 0.25 },
  ]);
});

test('other classes and boxes beside the frame do not count', async (t) => {
  const allowedLabels = new Set(['class 1']);
  t.same(
    read(new UprightReader(), ['car'], { allowedLabels, maxDetections: 1 }).map(({ label }) => label),
    ['class 1'],
  );
  t.equal(read(new UprightReader(), [], { maxDetections: 1 })[0]?.score, 0.75);
});

/** Adds its index as a keypoint, has nothing of the box 2, and removes none but the first. */
class OddReader extends UprightReader {
  suppress() {
    return [1, 2, 3];
  }
  override read(index: number) {
    return index === 2 ? undefined : { x: 0, y: 0, w: 1, h: 1, keypoints: [[index, 0]] as const };
  }
}

test('a reader may have its own NMS, add values, and find nothing in a box', async (t) => {
  const found = read(new OddReader());
  t.same(
    found.map(({ keypoints, score }) => [keypoints, score]),
    [
      [[[1, 0]], 0.75],
      [[[3, 0]], 1],
    ],
  );
});

test('a reader cannot be used before a run', async (t) => {
  t.throws(() => new UprightReader().read(0), { message: 'begin() was not called' });
});

test('numbers that JSON does not have, and classes that are none, make no detections', async (t) => {
  const good = [10, 10, 20, 20, 0.5, 0];
  for (const value of [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN]) {
    for (const column of [0, 1, 2, 3, 4]) {
      const bad = good.with(column, value);
      t.same(readDetections(new UprightReader(), run([bad]), [], limits), [], `${bad}`);
    }
  }
  t.same(readDetections(new UprightReader(), run([good.with(5, -1)]), [], limits), []);
  const [clamped] = readDetections(new UprightReader(), run([good.with(4, 1.5)]), [], limits);
  t.equal(clamped?.score, 1);
});
