/** Every fixture model on WebGPU, with the software driver of Chromium: the same boxes as its family's own code. Takes minutes. */
import { readdirSync } from 'node:fs';
import { test } from 'tap';
import { softwareGpu, startWebGpu } from '../support/webgpu.ts';
import { readYoloFixture, yoloFixtures } from '../support/yolo-fixtures.ts';
import { compareFrames, openYoloTool } from '../support/yolo-tool.ts';

const skip = softwareGpu() === undefined ? 'Chromium is not installed' : false;
const names = readdirSync(yoloFixtures).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));
/** They compute in half precision, at least in part, which the software driver cannot. */
const withHalves: readonly string[] = ['v12', 'v12-obb', 'v12-pose', 'v12-segment', 'v8-half'];

test('models on WebGPU', { skip, timeout: 1_800_000 }, async (t) => {
  const { client } = await startWebGpu(t);
  for (const name of names) {
    await t.test(name, { timeout: 300_000 }, async (each) => {
      const fixture = readYoloFixture(name);
      const open = (providers: readonly string[]) => openYoloTool(each, name, fixture, { engines: client, providers });
      const needsCpu = withHalves.includes(name);
      if (needsCpu) await each.rejects(open([]), { message: /requires f16 but the device does not support it/ });
      await compareFrames(each, fixture, await open(needsCpu ? ['cpu'] : []));
    });
  }
});
