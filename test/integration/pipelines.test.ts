/** Every shipped pipeline returns plausible results, and `/readyz` lists its models. */
import tap, { test } from 'tap';
import type { FrameResult } from '../../src/protocol.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { renderEmptyScene, renderPlateScene } from '../support/samples/render-plate.ts';
import { encodeJpeg, renderPage } from '../support/samples/render-text.ts';
import { StreamClient } from '../support/stream-client.ts';

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

async function resultOf(pipelineId: string, frame: Uint8Array): Promise<FrameResult> {
  const client = await StreamClient.open(gateway.streamUrl(pipelineId));
  const reply = await client.sendUntilStarted(frame);
  await client.close();
  return reply['result'] as FrameResult;
}

const plate = { x: 220, y: 290, w: 190 } as const;
const scene = encodeJpeg(renderPlateScene({ width: 640, height: 480, text: 'KX777ZB', plate }));
const emptyScene = encodeJpeg(renderEmptyScene(640, 480));

test('yolo detects the plate without text', async (t) => {
  const { detections = [] } = await resultOf('yolo', scene);
  t.ok(detections.length > 0);
  t.match(detections[0], { label: 'plate', x: Number, y: Number, w: Number, h: Number, score: Number });
  for (const detection of detections) t.equal(detection.text, undefined);
});

test('yolo_ocr detects the plate and recognizes its text', async (t) => {
  const { detections = [] } = await resultOf('yolo_ocr', scene);
  t.ok(
    detections.some(({ text }) => text === 'KX777ZB'),
    JSON.stringify(detections),
  );
});

test('yolo_ocr_hd detects a plate 28 pixels wide in a frame 1280 pixels wide', async (t) => {
  const small = { x: 600, y: 400, w: 28 } as const;
  const frame = encodeJpeg(renderPlateScene({ width: 1280, height: 720, text: 'KX777ZB', plate: small }), 95);
  const [detection] = (await resultOf('yolo_ocr_hd', frame)).detections ?? [];
  t.ok(Math.abs((detection?.x ?? 0) - small.x) < 5, JSON.stringify(detection));
  t.type(detection?.text, 'string');
});

/** Enough for the third read, however fast the frames are processed: a text is read every 150 ms. */
const maxFrames = 2000;

test('plates reports the plate once, and the vote is in every frame', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('plates'));
  const results: FrameResult[] = [];
  while (results.length < maxFrames && (results.at(-1)?.events ?? []).length === 0) {
    results.push((await client.sendUntilStarted(scene))['result'] as FrameResult);
  }
  const { result: next } = (await client.sendUntilStarted(scene)) as { result: FrameResult };
  await client.close();
  const [event] = results.at(-1)?.events ?? [];
  t.match(event, { type: 'plate', track_id: 1, label: 'plate', text: 'KX777ZB', text_settled: true, at_ms: Number });
  t.match(next.detections?.[0], { track_id: 1, text: 'KX777ZB', text_settled: true });
  t.strictSame(next.events, [], 'reported once');
});

for (const pipelineId of ['yolo', 'yolo_ocr', 'yolo_ocr_hd', 'plates']) {
  test(`${pipelineId} finds nothing on an empty street`, async (t) => {
    t.strictSame((await resultOf(pipelineId, emptyScene)).detections, []);
  });
}

test('ocr_only detects lines in reading order and recognizes each', async (t) => {
  const page = encodeJpeg(renderPage(['GATE 0417', 'LANE 2 WEST'], { width: 640, height: 300, size: 36, margin: 40 }));
  const { detections = [] } = await resultOf('ocr_only', page);
  // The detector may split lines differently; only the text and its order matter.
  t.equal(detections.map(({ text = '' }) => text.replaceAll(' ', '')).join(''), 'GATE0417LANE2WEST');
  for (const { label, text_score: score = -1, quad } of detections) {
    t.equal(label, 'text');
    t.equal(quad?.length, 4);
    t.ok(score > 0 && score <= 1);
  }
});

test('document_ocr recognizes a page line by line', async (t) => {
  const lines = ['INVOICE 20417', 'TOTAL 385', 'THANK YOU'];
  const page = encodeJpeg(renderPage(lines, { width: 640, height: 480, size: 30, noise: 3 }));
  const { text, text_score: score = -1, detections = [] } = await resultOf('document_ocr', page);
  t.equal(text, lines.join('\n'));
  t.ok(score > 0 && score <= 1);
  t.strictSame(
    detections.map((detection) => detection.text),
    lines,
  );
});

test('results have no image', async (t) => {
  for (const pipelineId of ['yolo', 'yolo_ocr', 'yolo_ocr_hd', 'plates', 'ocr_only', 'document_ocr']) {
    const result = await resultOf(pipelineId, scene);
    t.equal('image' in result, false);
    t.ok(JSON.stringify(result).length < 20_000, `${pipelineId} answers briefly`);
  }
});

test('/readyz lists each model with its provider, and every pipeline', async (t) => {
  const body = (await (await fetch(`${gateway.httpUrl}/readyz`)).json()) as {
    setups: { models: { name: string; provider: string }[] }[];
    pipelines: string[];
  };
  t.equal(body.setups.length, 1, 'all workers have the same setup');
  const models = body.setups.flatMap((setup) => setup.models);
  const providers = Object.fromEntries(models.map(({ name, provider }) => [name, provider]));
  t.equal(providers['plate-yolo'], 'cpu');
  // Tesseract does not run on ONNX Runtime; all other models do.
  for (const [name, provider] of Object.entries(providers))
    t.equal(provider, /tesseract/.test(name) ? 'wasm' : 'cpu', name);
  for (const id of ['document_ocr', 'ocr_only', 'plates', 'yolo', 'yolo_ocr', 'yolo_ocr_hd'])
    t.ok(body.pipelines.includes(id), id);
});
