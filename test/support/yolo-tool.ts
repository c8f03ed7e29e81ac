/** Opens the tool of a tiny YOLO model as a pipeline would, and compares what it returns with the family's own code. Tests only. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ModelSource } from '../../src/models/loader.ts';
import { builtInTools } from '../../src/tools/built-in.ts';
import { type ToolInstance, toolName } from '../../src/tools/tool.ts';
import { createTool } from './tool-context.ts';
import { compareBoxes, labelsOf, maxScore } from './yolo-comparison.ts';
import { drawYoloPicture, type YoloFixture, yoloFixtures } from './yolo-fixtures.ts';

/** These models pick their boxes themselves, and their own code does not apply NMS again. */
const picked = /^(v10|v26|rtdetr|dfine|rfdetr)(?!.*-many)|-nms$/;

/** @param overrides keys of `model.json` beside those of the fixture. @returns a models folder with the model. */
export function yoloModelsDir(t: Test, name: string, fixture: YoloFixture, overrides: object = {}): string {
  const modelsDir = mkdtempSync(join(tmpdir(), 'framegate-yolo-'));
  t.teardown(() => rmSync(modelsDir, { recursive: true }));
  mkdirSync(join(modelsDir, name));
  cpSync(join(yoloFixtures, `${name}.onnx`), join(modelsDir, name, 'model.onnx'));
  writeFileSync(join(modelsDir, name, 'model.json'), JSON.stringify({ ...fixture.model_json, ...overrides }));
  return modelsDir;
}

/** @param source where the model is and what runs it; by default a folder of its own, and the CPU. */
export async function openYoloTool(
  t: Test,
  name: string,
  fixture: YoloFixture,
  source: Partial<ModelSource> = {},
): Promise<ToolInstance> {
  const tool = builtInTools.find((each) => toolName(each) === fixture.tool);
  if (tool === undefined || 'state' in tool) throw new Error(`there is no tool ${fixture.tool}`);
  const { score_threshold, iou_threshold, task } = fixture;
  const thresholds = { score_threshold, ...(picked.test(name) ? {} : { iou_threshold }), max_detections: 1000 };
  const params = task === 'classify' ? { top_k: 1000 } : thresholds;
  const segmentParams = task === 'segment' && { polygon_tolerance: 0 };
  const modelsDir = source.modelsDir ?? yoloModelsDir(t, name, fixture);
  return createTool(t, tool, { model: name, ...params, ...segmentParams }, { ...source, modelsDir });
}

/** Runs the tool on every picture of the fixture, one after the other, and compares. */
export async function compareFrames(t: Test, fixture: YoloFixture, tool: ToolInstance): Promise<void> {
  for (const frame of fixture.frames) {
    const { width, height, seed, probabilities } = frame;
    const result = await tool.run({ image: drawYoloPicture(width, height, seed) });
    if (probabilities === undefined) compareBoxes(t, fixture, frame, result.detections ?? []);
    probabilities?.forEach((probability, index) => {
      const labels = labelsOf(fixture.names, index);
      const found = result.classes?.find(({ label }) => labels.includes(label))?.score ?? -1;
      if (!(Math.abs(found - probability) < maxScore)) t.fail(`class ${index} is ${found}, expected ${probability}`);
    });
  }
}
