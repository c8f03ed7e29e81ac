/** Measures the client with a real gateway that is too slow for its camera: `npm run bench:client`. Main thread, real sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../src/client/client.ts';
import { connect } from '../src/client/node.ts';
import { type Gateway, startGateway } from '../test/support/gateway.ts';
import { encodeGradient } from '../test/support/jpeg-bytes.ts';
import { PacedCamera } from '../test/support/paced-camera.ts';
import { StreamClient } from '../test/support/stream-client.ts';

const cameraFps = 30;
const settleMs = 5000;
const spanMs = 20_000;
const recoveryLimitMs = 10_000;
/** The pipeline takes one millisecond per pixel of frame width. */
const pipeline = 'by_width';

function report(what: string, answeredFps: number, possibleFps: number, dropRate: number): void {
  const answered = `${answeredFps.toFixed(1)} of ${possibleFps.toFixed(1)} fps (${((100 * answeredFps) / possibleFps).toFixed(0)} %)`;
  process.stdout.write(`${what.padEnd(44)} ${answered.padEnd(26)} ${(100 * dropRate).toFixed(1)} % dropped\n`);
}

/** Opens `count` clients, each with its own camera. */
async function openCameras(gateway: Gateway, count: number, frame: () => Uint8Array) {
  const clients: Client[] = Array.from({ length: count }, () => connect({ url: gateway.httpUrl, pipeline }));
  await Promise.all(clients.map((client) => client.opened()));
  const cameras = clients.map((client) => new PacedCamera(client, cameraFps, frame));
  const close = () => {
    for (const camera of cameras) camera.stop();
    for (const client of clients) client.close();
  };
  return { cameras, close };
}

async function measureOverload(workers: number, serviceMs: number, count: number): Promise<void> {
  const gateway = await startGateway({ POOL_WORKERS: String(workers) });
  const frame = encodeGradient(serviceMs, 16);
  const { cameras, close } = await openCameras(gateway, count, () => frame);
  await sleep(settleMs + spanMs);
  const figures = cameras.map((camera) => camera.figures(spanMs));
  close();
  await gateway.stop();
  const sum = (of: (figure: (typeof figures)[number]) => number) => figures.reduce((all, each) => all + of(each), 0);
  const possibleFps = (1000 * workers * count) / sum((figure) => figure.serviceMs);
  const dropRate = sum(({ droppedFps }) => droppedFps) / sum(({ droppedFps, answeredFps }) => droppedFps + answeredFps);
  const what = `${count} adaptive camera${count > 1 ? 's' : ''}, ${workers} worker${workers > 1 ? 's' : ''} of ${serviceMs} ms`;
  report(
    what,
    sum(({ answeredFps }) => answeredFps),
    Math.min(possibleFps, count * cameraFps),
    dropRate,
  );
}

/** The same without congestion control, for comparison. */
async function measureFixedRate(serviceMs: number): Promise<void> {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  const stream = await StreamClient.open(gateway.streamUrl(pipeline));
  const frame = encodeGradient(serviceMs, 16);
  const camera = setInterval(() => stream.send(frame), 1000 / cameraFps);
  await sleep(settleMs);
  stream.replies.length = 0;
  await sleep(spanMs);
  clearInterval(camera);
  const [results, drops] = [stream.with('result').length, stream.with('dropped').length];
  await stream.close();
  await gateway.stop();
  const what = `1 camera at a fixed rate, 1 worker of ${serviceMs} ms`;
  report(what, (1000 * results) / spanMs, 1000 / serviceMs, drops / (drops + results));
}

/** The time until the camera's full rate is answered after the gateway becomes fast again. */
async function measureRecovery(): Promise<void> {
  const gateway = await startGateway({ POOL_WORKERS: '1' });
  const [slow, fast] = [encodeGradient(100, 16), encodeGradient(8, 16)];
  let frame = slow;
  const { cameras, close } = await openCameras(gateway, 1, () => frame);
  await sleep(settleMs);
  frame = fast;
  const startMs = performance.now();
  while (
    performance.now() - startMs < recoveryLimitMs &&
    (cameras[0]?.figures(1000).answeredFps ?? 0) < 0.95 * cameraFps
  ) {
    await sleep(20);
  }
  // The rate covers the last second, so it was reached a second before it is measured.
  const tookMs = performance.now() - startMs;
  process.stdout.write(`back at full rate for one second, from 10 fps: ${(tookMs / 1000).toFixed(1)} s\n`);
  close();
  await gateway.stop();
}

await measureFixedRate(100);
await measureOverload(1, 100, 1);
await measureOverload(2, 200, 1);
await measureOverload(2, 200, 2);
await measureOverload(1, 100, 2);
await measureOverload(2, 100, 4);
await measureRecovery();
