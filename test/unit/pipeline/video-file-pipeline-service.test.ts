/** A frame's bytes are decoded and processed; the result is rounded and has no image. */
import { type Test, test } from 'tap';
import { loadPipelines } from '../../../src/pipeline/registry.ts';
import { resultText, VideoFilePipelineService } from '../../../src/pipeline/video-file-pipeline-service.ts';
import { appendZeros, encodeGradient } from '../../support/jpeg-bytes.ts';
import { makeModelsDir, testNode } from '../../support/temp-models.ts';

const jpeg = encodeGradient(32, 24);

/** A service with one pipeline `p` of one node, whose tool has this `run`. */
async function createService(t: Test, run: string): Promise<VideoFilePipelineService> {
  const parts = {
    pipelines: [{ id: 'p', nodes: [testNode('only', 'any')] }],
    tools: { any: `async create() { return { run: ${run} }; },` },
  };
  const context = { modelsDir: makeModelsDir(t, parts), providers: ['cpu'] };
  return VideoFilePipelineService.create(await loadPipelines(context), context);
}

test('a result has the frame’s index and size, the outputs and the timings', async (t) => {
  const service = await createService(t, `() => ({ text: 'hello', mine: [1, 2] })`);
  const { frame_index, result } = await service.runOnFrame('p', 41, jpeg);
  t.equal(frame_index, 41);
  const { timings_ms, ...others } = result;
  t.same(others, { width: 32, height: 24, text: 'hello', mine: [1, 2] });
  t.same(Object.keys(timings_ms), ['decode', 'only', 'total']);
  for (const ms of Object.values(timings_ms)) t.equal(ms, Math.round(ms * 100) / 100);
});

test('a tool gets the decoded image', async (t) => {
  const service = await createService(t, `({ image }) => ({ shape: [image.width, image.height, image.channels] })`);
  const { result } = await service.runOnFrame('p', 0, appendZeros(jpeg, 100));
  t.same(result['shape'], [32, 24, 3]);
});

test('a result has no image, not even one that a tool returned', async (t) => {
  const service = await createService(t, `({ image }) => ({ image: { ...image, width: 8 } })`);
  const { result } = await service.runOnFrame('p', 0, jpeg);
  t.notOk('image' in result);
  t.equal(result.width, 32, 'the size is that of the original frame');
});

test('rounds boxes to a tenth of a pixel, scores to a hundredth of a percent', async (t) => {
  const detection = `{ x: 1.26, y: 2.34, w: 3.05001, h: 4, label: 'a', score: 0.123456,
    quad: [[0.04, 0.06], [1, 1], [2, 2], [3, 3]], text: 'T', text_score: 0.99999, mine: 1.23456 }`;
  const service = await createService(t, `() => ({ detections: [${detection}], text_score: 0.98765432 })`);
  const { result } = await service.runOnFrame('p', 0, jpeg);
  t.same(result.detections, [
    {
      x: 1.3,
      y: 2.3,
      w: 3.1,
      h: 4,
      label: 'a',
      score: 0.1235,
      quad: [
        [0, 0.1],
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      text: 'T',
      text_score: 1,
      mine: 1.23456,
    },
  ]);
  t.equal(result.text_score, 0.9877);
});

test('a result has no keys that no tool returned', async (t) => {
  const service = await createService(t, `() => ({ detections: [{ x: 0, y: 0, w: 1, h: 1, label: 'a', score: 1 }] })`);
  const { result } = await service.runOnFrame('p', 0, jpeg);
  t.same(Object.keys(result), ['width', 'height', 'detections', 'timings_ms']);
  t.same(Object.keys(result.detections?.[0] ?? {}), ['x', 'y', 'w', 'h', 'label', 'score']);
});

test('a result survives JSON serialization', async (t) => {
  const service = await createService(t, `() => ({ detections: [] })`);
  const { result } = await service.runOnFrame('p', 3, jpeg);
  t.same(JSON.parse(JSON.stringify(result)), result);
});

test('tools cannot overwrite the gateway’s keys, even without declaring them', async (t) => {
  const service = await createService(t, `() => ({ width: 1, height: 1, timings_ms: { mine: 1 } })`);
  const { result } = await service.runOnFrame('p', 0, jpeg);
  t.match(result, { width: 32, height: 24 });
  t.same(Object.keys(result.timings_ms), ['decode', 'only', 'total']);
});

test('does not modify the frame’s bytes', async (t) => {
  const service = await createService(t, '() => ({})');
  const bytes = jpeg.slice();
  await service.runOnFrame('p', 0, bytes);
  t.same(bytes, jpeg);
});

test('an undecodable frame is an invalid frame', async (t) => {
  const service = await createService(t, '() => ({})');
  await t.rejects(service.runOnFrame('p', 0, Uint8Array.from([1, 2, 3])), { code: 'invalid_frame' });
});

test('a failed tool does not affect the next frame', async (t) => {
  const service = await createService(
    t,
    `(() => { let runs = 0; return () => { if (runs++ === 0) throw 1; return {}; }; })()`,
  );
  await t.rejects(service.runOnFrame('p', 0, jpeg), { code: 'pipeline_failure', detail: 'Test tool failed' });
  t.match(await service.runOnFrame('p', 1, jpeg), { frame_index: 1 });
});

test('exposes its decoder and its models', async (t) => {
  const service = await createService(t, '() => ({})');
  t.equal(service.decoder, 'jpeg-turbo');
  t.same(service.models, []);
  await service.close();
});

test('an output that is not what its port holds, or not JSON, is an error that names the tool', async (t) => {
  const wrong = [
    ['detections: [{ quad: [{ x: 1 }] }]', 'Output detections of test.any is invalid'],
    ['classes: [{ get label() { throw 1; } }]', 'Output classes of test.any is invalid'],
    ['mine: 10n', 'Output mine of test.any is not JSON'],
    ['events: [{ n: 10n }]', 'Event 0 of test.any is not JSON'],
  ] as const;
  for (const [output, detail] of wrong) {
    const service = await createService(t, `() => ({ ${output} })`);
    const ended = service.runOnFrame('p', 0, jpeg).then(resultText);
    await t.rejects(ended, { code: 'pipeline_failure', detail });
  }
});

test('a tool cannot write the keys of the gateway', async (t) => {
  const service = await createService(t, `() => ({ events_lost: 3, limited: true, warnings: ['x'], mine: 1 })`);
  const { timings_ms: _, ...others } = (await service.runOnFrame('p', 0, jpeg)).result;
  t.strictSame(others, { width: 32, height: 24, mine: 1 });
});

test('events are texts beside the result', async (t) => {
  const service = await createService(t, `() => ({ events: [{ type: 'a' }, { type: 'b' }] })`);
  const frame = await service.runOnFrame('p', 0, jpeg);
  t.same(frame.events, ['{"type":"a"}', '{"type":"b"}']);
  t.notOk('events' in JSON.parse(resultText(frame)));
  t.equal((await (await createService(t, '() => undefined')).runOnFrame('p', 0, jpeg)).events, undefined);
});
