/** Models exported by each family's own tool give what the family's own code gives: boxes, masks, keypoints, angles, classes. */
import { readdirSync } from 'node:fs';
import { test } from 'tap';
import { readYoloFixture, yoloFixtures } from '../../support/yolo-fixtures.ts';
import { compareFrames, openYoloTool } from '../../support/yolo-tool.ts';

const names = readdirSync(yoloFixtures).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));

for (const name of names) {
  test(`${name} agrees with its own tool`, async (t) => {
    const fixture = readYoloFixture(name);
    await compareFrames(t, fixture, await openYoloTool(t, name, fixture));
  });
}
