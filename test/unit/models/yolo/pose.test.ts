/** Keypoints are read from behind the scores, in pixels of the frame. */
import { test } from 'tap';
import type { Placement } from '../../../../src/models/image.ts';
import type { Tensor } from '../../../../src/models/model.ts';
import { BoxDecoder } from '../../../../src/models/yolo/box-decoder.ts';
import { boxFormatNames } from '../../../../src/models/yolo/format-names.ts';
import { fitFormats } from '../../../../src/models/yolo/output-fit.ts';
import type { BoxFormat, Columns } from '../../../../src/models/yolo/output-format.ts';
import { PoseReader } from '../../../../src/models/yolo/pose.ts';
import { columnsTensor, rowsTensor, shapesOf } from '../../../support/fake-model.ts';

const input = { width: 64, height: 64 };
const placement: Placement = { scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 16, width: 64, height: 32 };
const frame = { width: 128, height: 64 };

function readerFor(output0: Tensor, format: 'ultralytics' | 'end-to-end', values: number) {
  const hints = { task: 'pose', inputWidth: 64, inputHeight: 64, poseValues: 2 * values } as const;
  const names = boxFormatNames.filter((name) => name === format);
  const [fit] = fitFormats(shapesOf({ output0 }), { ...hints, names });
  const candidates = new BoxDecoder(fit as BoxFormat, input).decode({ output0 }, 0.5);
  const reader = new PoseReader(fit?.extras as Columns, { count: 2, values });
  reader.begin({ outputs: { output0 }, candidates, placement, frame });
  return reader;
}

test('one column per box', async (t) => {
  const unlikely = [1, 1, 1, 1, 0.1, 0, 0, 0, 0, 0, 0];
  const likely = [20, 30, 16, 8, 0.9, 14, 28, 0.75, 24, 32, 0.25];
  const reader = readerFor(columnsTensor(unlikely, likely), 'ultralytics', 3);
  t.same(reader.read(0), {
    x: 24,
    y: 20,
    w: 32,
    h: 16,
    keypoints: [
      [28, 24, 0.75],
      [48, 32, 0.25],
    ],
  });
});

test('one row per box, with the class before the keypoints', async (t) => {
  const reader = readerFor(rowsTensor([12, 26, 28, 34, 0.9, 1, 14, 28, 24, 32]), 'end-to-end', 2);
  t.match(reader.read(0), {
    x: 24,
    keypoints: [
      [28, 24],
      [48, 32],
    ],
  });
  t.equal(reader.read(0)?.keypoints?.[0]?.length, 2, 'no score');
});

test('points beside the frame are moved to its edge', async (t) => {
  const reader = readerFor(columnsTensor([20, 30, 16, 8, 0.9, -5, 99, 0.5, 70, 2, 0.5]), 'ultralytics', 3);
  t.same(reader.read(0)?.keypoints, [
    [0, 64, 0.5],
    [128, 0, 0.5],
  ]);
});

test('an object beside the frame is none', async (t) => {
  const reader = readerFor(columnsTensor([20, 5, 16, 8, 0.9, 20, 30, 0.5, 20, 30, 0.5]), 'ultralytics', 3);
  t.equal(reader.isOnFrame(0), false);
  t.equal(reader.read(0), undefined);
});

test('a pose with a point that is not a number is none; a score is 0 to 1', async (t) => {
  const box = [20, 30, 16, 8, 0.9];
  const point = [14, 28, 0.75];
  for (const at of [0, 1, 2]) {
    const reader = readerFor(columnsTensor([...box, ...point, ...point.with(at, Number.NaN)]), 'ultralytics', 3);
    t.equal(reader.read(0), undefined, `value ${at}`);
  }
  const reader = readerFor(columnsTensor([...box, 14, 28, -2, 14, 28, Number.POSITIVE_INFINITY]), 'ultralytics', 3);
  t.same(
    reader.read(0)?.keypoints?.map(([, , score]) => score),
    [0, 1],
  );
});
