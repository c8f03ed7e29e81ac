/** What the YOLO tools that find boxes have in common: names, params, thresholds and refused models. */
import { type Test, test } from 'tap';
import type { z } from 'zod';
import { type Tool, toolName } from '../../../src/tools/tool.ts';
import type { BoxParams } from '../../../src/tools/yolo-boxes.ts';
import { yoloDetectObjects } from '../../../src/tools/yolo-detect-objects.ts';
import { yoloObb } from '../../../src/tools/yolo-obb.ts';
import { yoloPose } from '../../../src/tools/yolo-pose.ts';
import { yoloSegment } from '../../../src/tools/yolo-segment.ts';
import { createTool, toolContext } from '../../support/tool-context.ts';
import { drawYoloPicture, yoloFixtures } from '../../support/yolo-fixtures.ts';

type BoxTool = Tool<BoxParams> | typeof yoloSegment;

/** The tool of each task, and a model for it. */
const tools: [BoxTool, string][] = [
  [yoloDetectObjects, 'v8.onnx'],
  [yoloSegment, 'v8-segment.onnx'],
  [yoloPose, 'v8-pose.onnx'],
  [yoloObb, 'v8-obb.onnx'],
];
const image = drawYoloPicture(96, 64, 1);

async function detect(t: Test, tool: BoxTool, params: object) {
  const instance = await createTool(t, tool as Tool<unknown>, params, yoloFixtures);
  return (await instance.run({ image })).detections ?? [];
}

test('each task has its tool and its outputs', async (t) => {
  t.same(
    tools.map(([tool]) => [toolName(tool), tool.outputs]),
    [
      ['yolo.detect_objects', ['detections']],
      ['yolo.segment', ['detections']],
      ['yolo.pose', ['detections', 'keypoint_names']],
      ['yolo.obb', ['detections']],
    ],
  );
});

for (const [tool, model] of tools) {
  const parse = (params: object) => (tool.params as z.ZodType).safeParse({ model, ...params });

  test(`${toolName(tool)}: params have defaults and limits`, async (t) => {
    t.match(parse({}).data, { model, max_detections: 100, score_threshold: undefined, iou_threshold: undefined });
    for (const bad of [
      { model: '' },
      { score_threshold: 1.1 },
      { iou_threshold: -0.1 },
      { max_detections: 0 },
      { max_detections: 1001 },
      { imgsz: 640 },
      { imgsz: [640] },
      { classes: [] },
      { clases: ['plate'] },
      { top_k: 3 },
    ]) {
      t.equal(parse(bad).success, false, JSON.stringify(bad));
    }
    const isOptional = tool === yoloDetectObjects;
    t.equal((tool.params as z.ZodType).safeParse({}).success, isOptional, 'a model is required without a default');
  });

  test(`${toolName(tool)}: thresholds and classes limit what is reported`, async (t) => {
    const all = await detect(t, tool, { model, score_threshold: 0, max_detections: 1000 });
    t.ok(all.length > 3, `${all.length} detections`);
    const scores = all.map(({ score }) => score);
    t.same(
      scores,
      [...scores].sort((a, b) => b - a),
      'the best first',
    );
    t.same(await detect(t, tool, { model, score_threshold: 0, max_detections: 2 }), all.slice(0, 2));
    const threshold = ((scores[1] as number) + (scores[2] as number)) / 2;
    t.equal((await detect(t, tool, { model, score_threshold: threshold })).length, 2);
    const label = all[0]?.label as string;
    const ofClass = await detect(t, tool, { model, score_threshold: 0, max_detections: 1000, classes: [label] });
    t.same(
      ofClass,
      all.filter((detection) => detection.label === label),
    );
    const overlapping = await detect(t, tool, { model, score_threshold: 0, iou_threshold: 1, max_detections: 1000 });
    t.ok(overlapping.length > all.length, 'an IoU threshold of 1 disables NMS');
  });

  test(`${toolName(tool)}: refuses models of other tasks and names their tools`, async (t) => {
    for (const [other, otherModel] of tools) {
      if (other === tool) continue;
      const message = new RegExp(
        `^model "${otherModel}": its metadata declares the task "[a-z]+"; use ${toolName(other)}$`,
      );
      await t.rejects(detect(t, tool, { model: otherModel }), { message });
    }
    await t.rejects(detect(t, tool, { model: 'v8-classify.onnx' }), { message: /use yolo\.classify$/ });
  });

  test(`${toolName(tool)}: a missing model is an issue before anything is loaded`, async (t) => {
    const params = parse({ model: 'none.onnx' }).data as never;
    const issues = tool.check?.(params, toolContext(t, yoloFixtures));
    t.same(issues, [`model file ${yoloFixtures}/none.onnx does not exist`]);
  });
}
