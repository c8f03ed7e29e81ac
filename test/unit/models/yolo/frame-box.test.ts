/** Boxes of the input become boxes of the frame, clipped to it. */
import { test } from 'tap';
import type { Placement } from '../../../../src/models/image.ts';
import { toFrameBox } from '../../../../src/models/yolo/frame-box.ts';

const frame = { width: 128, height: 64 };
const letterboxed: Placement = { scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 16, width: 64, height: 32 };
const stretched: Placement = { scaleX: 0.5, scaleY: 2, offsetX: 0, offsetY: 0, width: 64, height: 128 };

test('offset and scale of each axis are undone', async (t) => {
  t.same(toFrameBox({ x1: 10, y1: 20, x2: 20, y2: 40 }, letterboxed, frame), { x: 20, y: 8, w: 20, h: 40 });
  t.same(toFrameBox({ x1: 10, y1: 20, x2: 20, y2: 40 }, stretched, frame), { x: 20, y: 10, w: 20, h: 10 });
});

test('a box is clipped to the frame', async (t) => {
  t.same(toFrameBox({ x1: -10, y1: 0, x2: 100, y2: 90 }, letterboxed, frame), { x: 0, y: 0, w: 128, h: 64 });
  t.same(toFrameBox({ x1: 60, y1: 40, x2: 70, y2: 60 }, letterboxed, frame), { x: 120, y: 48, w: 8, h: 16 });
});

test('nothing remains of a box in the padding, or without an area', async (t) => {
  t.equal(toFrameBox({ x1: 10, y1: 0, x2: 20, y2: 16 }, letterboxed, frame), undefined);
  t.equal(toFrameBox({ x1: 64, y1: 20, x2: 70, y2: 30 }, letterboxed, frame), undefined);
  t.equal(toFrameBox({ x1: 10, y1: 20, x2: 10, y2: 30 }, letterboxed, frame), undefined);
  t.equal(toFrameBox({ x1: 20, y1: 20, x2: 10, y2: 30 }, letterboxed, frame), undefined, 'a negative width');
  t.equal(toFrameBox({ x1: Number.NaN, y1: 20, x2: 10, y2: 30 }, letterboxed, frame), undefined);
  t.equal(toFrameBox({ x1: 0, y1: 20, x2: Number.POSITIVE_INFINITY, y2: 30 }, letterboxed, frame), undefined);
});
