/** Every fixture model on WebGPU, with the software driver of Chromium: the same boxes as its family's own code. Takes minutes. */
import { readdirSync } from 'node:fs';
import { test } from 'tap';
import { softwareGpu, startWebGpu } from '../support/webgpu.ts';
import { readYoloFixture, yoloFixtures } from '../support/yolo-fixtures.ts';
import { compareFrames, openYoloTool } from '../support/yolo-tool.ts';

const skip = softwareGpu() === undefined ? 'Chromium is not installed' : false;
const names = readdirSync(yoloFixtures).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));

test('models on WebGPU', { skip, timeout: 1_800_000 }, async (t) => {
  const { client } = await startWebGpu(t);
  for (const name of names) {
    await t.test(name, { timeout: 300_000 }, async (each) => {
      const fixture = readYoloFixture(name);
      await compareFrames(each, fixture, await openYoloTool(each, name, fixture, { engines: client, providers: [] }));
    });
  }
});
