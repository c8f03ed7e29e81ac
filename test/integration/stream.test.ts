/** The stream end to end: a real server, real models, and rendered frames. */
import tap, { test } from 'tap';
import type { FrameResult } from '../../src/protocol.ts';
import { shippedModels, startGateway } from '../support/gateway.ts';
import { plateBox, renderPlateScene } from '../support/samples/render-plate.ts';
import { encodeJpeg } from '../support/samples/render-text.ts';
import { StreamClient } from '../support/stream-client.ts';

const width = 640;
const height = 480;
const plateText = 'AB123CD';
const plate = { x: 220, y: 290, w: 190 } as const;
const frame = encodeJpeg(renderPlateScene({ width, height, text: plateText, plate }));

const gateway = await startGateway({ MODELS_DIR: shippedModels, POOL_WORKERS: '1' });
tap.teardown(() => gateway.kill());

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  const shared = Math.max(0, w) * Math.max(0, h);
  return shared / (a.w * a.h + b.w * b.h - shared);
}

test('a valid frame yields its plate and the recognized text', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('yolo_ocr'));
  const reply = await client.sendUntilStarted(frame);
  t.equal(reply['frame_index'], 0);
  const result = reply['result'] as FrameResult;
  t.equal(result.width, width);
  t.equal(result.height, height);
  const best = (result.detections ?? []).reduce((a, b) => (b.score > a.score ? b : a));
  t.equal(best.label, 'plate');
  t.equal(best.text, plateText);
  t.ok(overlap(best, plateBox(plate)) > 0.5, `the box ${JSON.stringify(best)} is where the plate is`);
  for (const score of [best.score, best.text_score ?? -1]) t.ok(score > 0 && score <= 1, `${score} is a confidence`);
  t.strictSame(Object.keys(result.timings_ms).sort(), ['decode', 'detect', 'read', 'total']);
  t.equal(await client.close(), 1005);
});

test('the error for an unknown pipeline names it', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('yolo_v9'));
  t.equal(await client.closed(), 1008);
  t.strictSame(client.texts, ['{"error":"invalid_pipeline","detail":"Unknown pipeline_id: yolo_v9"}']);
});

test('an invalid frame gets an error, and the connection is closed', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('yolo_ocr'));
  await client.sendUntilStarted(frame);
  const before = client.texts.length;
  client.send(Buffer.from('not an image'));
  t.equal(await client.closed(), 1007);
  t.strictSame(client.texts.slice(before), [
    '{"error":"invalid_frame","detail":"Not a valid JPEG image: no SOI; the file is text"}',
  ]);
});

test('a frame of 6 MB gets frame_too_large', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('yolo_ocr'));
  const large = new Uint8Array(6 * 1_048_576);
  large.set([0xff, 0xd8]);
  large.set([0xff, 0xd9], large.length - 2);
  client.send(large);
  t.equal(await client.closed(), 1009);
  t.strictSame(client.texts, ['{"error":"frame_too_large","detail":"Frame exceeds 5MB"}']);
});

test('a frame that arrives while another one runs is held, and both get results', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('yolo_ocr'));
  client.send(frame);
  client.send(frame);
  await client.until(() => client.texts.length === 2);
  for (const index of [0, 1]) {
    t.match(client.replies[index], { frame_index: index, result: { detections: [{ text: plateText }] } });
  }
  await client.close();
});

test('a camera that sends far too fast gets slow_down, and every frame gets a reply', async (t) => {
  const client = await StreamClient.open(gateway.streamUrl('yolo_ocr'));
  const count = 40;
  for (let i = 0; i < count; i++) client.send(frame);
  await client.until(() => client.with('result').length + client.with('dropped').length === count);
  t.ok(client.with('dropped').length > count / 2);
  t.ok(client.with('warning').length > 0);
  t.strictSame(client.with('warning')[0], { warning: 'slow_down' });
  t.equal(client.closeCode, undefined, 'the session stays open');
  await client.close();
});
