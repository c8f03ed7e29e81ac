/** Every image is shown with its own result, and closed, even if replies are late. */
import jpegJs from 'jpeg-js';
import { test } from 'tap';
import { startFakeGateway } from '../../support/fake-gateway.ts';
import { serveConsole } from '../../support/page-site.ts';
import { needsBrowser, openConsole, waitOptions } from './open-console.ts';

/** The red channel at the frame's center, in which the source encodes the time. */
function redOf(jpeg: Buffer): number {
  const { width, height, data } = jpegJs.decode(jpeg, { useTArray: true });
  return data[(Math.floor(height / 2) * width + Math.floor(width / 2)) * 4] as number;
}

/** Replaces the camera with one that encodes the time in the red channel, and counts created and closed images. */
function before(): void {
  const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
  const context = canvas.getContext('2d');
  setInterval(() => {
    if (context) context.fillStyle = `rgb(${(performance.now() / 10) % 256} 0 0)`;
    context?.fillRect(0, 0, 160, 120);
  }, 10);
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
  const counts = { made: 0, closed: 0 };
  Object.assign(globalThis, { counts });
  const make = OffscreenCanvas.prototype.transferToImageBitmap;
  OffscreenCanvas.prototype.transferToImageBitmap = function (this: OffscreenCanvas) {
    counts.made += 1;
    return make.call(this);
  };
  const close = ImageBitmap.prototype.close;
  ImageBitmap.prototype.close = function (this: ImageBitmap) {
    if (this.width > 0) counts.closed += 1;
    close.call(this);
  };
}

interface ShownFrame {
  readonly index: number;
  readonly red: number;
}

/** The frame shown on the page: its index and the red channel at its center. */
function readFrame(): ShownFrame {
  const canvas = document.querySelector<HTMLCanvasElement>('#picture');
  if (!canvas) throw new Error('no canvas');
  const [red = 0] = canvas.getContext('2d')?.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data ?? [];
  return { index: Number(canvas.dataset['frame'] ?? -1), red };
}

const counts = () => (globalThis as unknown as { counts: { made: number; closed: number } }).counts;

test('a result is shown with the image of its frame', needsBrowser, async (t) => {
  const reds = new Map<number, number>();
  const fake = await startFakeGateway(t, {
    serve: serveConsole,
    frame: ({ index, bytes, result, drop }) => {
      reds.set(index, redOf(bytes));
      if (index % 7 === 6) drop();
      else result(150);
    },
  });
  const { page, issues } = await openConsole(t, `http://127.0.0.1:${fake.port}/?source=camera&adapt=off`, { before });
  const seen = new Set<number>();
  for (const start = performance.now(); seen.size < 20 && performance.now() - start < waitOptions.timeout; ) {
    const { index, red } = await page.evaluate(readFrame);
    await page.waitForTimeout(50);
    if (index < 0 || seen.has(index)) continue;
    seen.add(index);
    t.ok(Math.abs(red - (reds.get(index) ?? -99)) <= 4, `frame ${index}: ${red} ${reds.get(index)}`);
    t.not(index % 7, 6, 'dropped frames are never shown');
  }
  t.ok(seen.size >= 20, `${seen.size} frames`);
  t.strictSame(issues, []);
});

test('images are closed after a result, a drop, a lost connection and a pause', needsBrowser, async (t) => {
  const fake = await startFakeGateway(t, {
    serve: serveConsole,
    frame: ({ index, socket, result, drop }) => {
      if (index === 40) socket.terminate();
      else if (index % 2 === 0) result(60);
      else drop();
    },
  });
  const { page } = await openConsole(t, `http://127.0.0.1:${fake.port}/?source=camera&adapt=off`, { before });
  await page.waitForFunction(
    () => (globalThis as unknown as { counts: { made: number } }).counts.made > 100,
    null,
    waitOptions,
  );
  const { made, closed } = await page.evaluate(counts);
  // Eight may be in flight, and one may be in creation.
  t.ok(made - closed <= 10, `${made} created, ${closed} closed`);
  t.ok(fake.sockets.length > 1, 'it reconnected');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.waitForTimeout(300);
  const after = await page.evaluate(counts);
  t.equal(after.made - after.closed, 0, 'none is left after a pause');
});
