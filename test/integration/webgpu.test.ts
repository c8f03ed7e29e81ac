/** The engine on a real provider: WebGPU, with the software driver of Chromium. */
import { test } from 'tap';
import { softwareGpu, startWebGpu } from '../support/webgpu.ts';
import { readYoloFixture } from '../support/yolo-fixtures.ts';
import { compareFrames, openYoloTool, yoloModelsDir } from '../support/yolo-tool.ts';

const skip = softwareGpu() === undefined ? 'Chromium is not installed' : false;

test('WebGPU finds the boxes that the CPU finds, for several workers in batches', { skip }, async (t) => {
  const { engines, client, log } = await startWebGpu(t);
  const fixture = readYoloFixture('v8-free');
  const modelsDir = yoloModelsDir(t, 'v8-free', fixture, { max_batch: 2 });
  const source = { modelsDir, engines: client, providers: [] };
  const tools = [];
  for (let worker = 0; worker < 3; worker++) tools.push(await openYoloTool(t, 'v8-free', fixture, source));
  const before = engines.status()[0];
  await Promise.all(tools.map((tool) => compareFrames(t, fixture, tool)));
  const after = engines.status()[0];
  const [rows, batches] = [(after?.rows ?? 0) - (before?.rows ?? 0), (after?.batches ?? 0) - (before?.batches ?? 0)];
  t.equal(rows, 3 * fixture.frames.length);
  t.ok(batches < rows, `${rows} frames in ${batches} runs`);
  t.same(log.fieldsOf('engine_unbatched'), []);
});
