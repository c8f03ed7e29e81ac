/** Masks are those of the family's own code, with their holes, at the model's and at the frame's resolution. */
import { type Test, test } from 'tap';
import { placeImage } from '../../../../src/models/image.ts';
import type { Tensor } from '../../../../src/models/model.ts';
import { BoxDecoder } from '../../../../src/models/yolo/box-decoder.ts';
import { createCandidates } from '../../../../src/models/yolo/candidates.ts';
import { nonMaxSuppression } from '../../../../src/models/yolo/nms.ts';
import { planBoxes } from '../../../../src/models/yolo/plan.ts';
import { Preprocessor } from '../../../../src/models/yolo/preprocess.ts';
import { SegmentReader } from '../../../../src/models/yolo/segment.ts';
import { maskIou } from '../../../support/masks.ts';
import { toolContext } from '../../../support/tool-context.ts';
import { minMaskIou } from '../../../support/yolo-comparison.ts';
import {
  decodeMask,
  drawYoloPicture,
  type ExpectedBox,
  readYoloFixture,
  yoloFixtures,
} from '../../../support/yolo-fixtures.ts';

const maxDetections = 1000;

async function open(t: Test, name: string) {
  const model = await toolContext(t, yoloFixtures).models.load(`${name}.onnx`);
  const plan = await planBoxes(model, 'segment', {}, drawYoloPicture(64, 64, 0));
  if ('issue' in plan) throw new Error(plan.issue);
  const { format, input } = plan;
  const { extras: columns, prototypes } = format;
  if (columns === undefined || prototypes === undefined) throw new Error('no masks');
  const reader = new SegmentReader({
    columns,
    prototypes,
    input,
    tolerance: 0,
    hasMask: true,
    isCutFirst: format.name === 'yolov5',
  });
  return { model, plan, input, reader, decoder: new BoxDecoder(format, input) };
}

for (const name of ['v8-segment', 'v11-segment', 'v26-segment', 'v8-segment-nms', 'v26-segment-many', 'v5-segment']) {
  test(`${name}: masks with their holes`, async (t) => {
    const { model, plan, input, reader, decoder } = await open(t, name);
    const { score_threshold, iou_threshold, frames } = readYoloFixture(name);
    for (const frame of frames) {
      const { tensor, placement } = new Preprocessor(input).preprocess(
        drawYoloPicture(frame.width, frame.height, frame.seed),
      );
      const outputs = await model.run({ [input.name]: tensor });
      const candidates = decoder.decode(outputs, score_threshold);
      reader.begin({ outputs, candidates, placement, frame });
      const iouThreshold = plan.format.needsNms ? iou_threshold : 1;
      const kept = nonMaxSuppression(candidates, iouThreshold, maxDetections, (index) => reader.isOnFrame(index));
      const found = kept.map((index) => wholeMask(reader.maskAt(index), input));
      for (const [index, mask] of (frame.masks ?? []).entries()) {
        const [x1, y1, x2, y2] = frame.boxes[index] as ExpectedBox;
        // Objects beside the frame are not reported.
        if (x1 === x2 || y1 === y2) continue;
        const pixels = decodeMask(mask);
        const best = Math.max(...found.map((each) => maskIou(each, pixels)));
        t.ok(best >= minMaskIou, `mask ${index}: ${best}`);
      }
    }
  });
}

type Rendered = ReturnType<SegmentReader['maskAt']>;

function wholeMask(part: Rendered, { width, height }: { width: number; height: number }): Uint8Array {
  const whole = new Uint8Array(width * height);
  if (part === undefined) return whole;
  for (let row = 0; row < part.height; row++) {
    const from = part.data.subarray(row * part.width, (row + 1) * part.width);
    whole.set(from, (part.y + row) * width + part.x);
  }
  return whole;
}

test('the encoded mask of a frame of the input’s size is the mask itself', async (t) => {
  const { model, input, reader, decoder } = await open(t, 'v8-segment');
  const frame = drawYoloPicture(input.width, input.height, 3);
  const { tensor } = new Preprocessor(input).preprocess(frame);
  const outputs = await model.run({ [input.name]: tensor });
  const candidates = decoder.decode(outputs, 0.5);
  reader.begin({ outputs, candidates, placement: placeImage(frame, input, 'letterbox'), frame });
  let compared = 0;
  for (let index = 0; index < candidates.count; index++) {
    const reading = reader.read(index);
    if (reading?.mask === undefined) continue;
    t.same(reading.mask.size, [input.height, input.width]);
    if (maskIou(decodeMask(reading.mask), wholeMask(reader.maskAt(index), input)) < 1) t.fail(`mask ${index} differs`);
    compared += 1;
  }
  t.ok(compared > 3, `${compared} masks`);
});

/** A reader for one box that covers its input and frame, whose mask is the prototype. */
function fullReader(side: number) {
  const input = { width: side, height: side };
  const columns = { output: 'boxes', at: 4, count: 1, transposed: false };
  const reader = new SegmentReader({
    columns,
    prototypes: 'masks',
    input,
    tolerance: 0,
    hasMask: false,
    isCutFirst: false,
  });
  const candidates = createCandidates(1);
  candidates.count = 1;
  candidates.x2[0] = side;
  candidates.y2[0] = side;
  const boxes: Tensor = { data: Float32Array.of(0, 0, side, side, 1), dims: [1, 1, 5] };
  const begin = (rows: number, gridColumns: number, logits: readonly number[]) => {
    const masks: Tensor = { data: Float32Array.from(logits), dims: [1, 1, rows, gridColumns] };
    reader.begin({
      outputs: { boxes, masks },
      candidates,
      placement: placeImage(input, input, 'stretch'),
      frame: input,
    });
  };
  return { reader, begin };
}

test('the grid of the prototypes may change from run to run', async (t) => {
  const { reader, begin } = fullReader(8);
  begin(1, 1, [1]);
  t.same(reader.read(0)?.polygons, [
    [
      [0, 0],
      [8, 0],
      [8, 8],
      [0, 8],
    ],
  ]);
  begin(1, 2, [1, -1]);
  t.same(reader.read(0)?.polygons, [
    [
      [0, 0],
      [4, 0],
      [4, 8],
      [0, 8],
    ],
  ]);
});

test('the masks of a frame have a limit', async (t) => {
  const { reader, begin } = fullReader(4096);
  for (const run of [1, 2]) {
    begin(1, 1, [1]);
    const read = Array.from({ length: 5 }, () => reader.read(0)?.polygons !== undefined);
    t.same(read, [true, true, true, false, false], `run ${run}: three have 50 million pixels`);
    t.ok(reader.read(0), 'the box remains');
  }
});
