/** Runs in a browser: sends frames of every kind of source to a gateway and posts a report to the test. */
import {
  type CameraOptions,
  type CameraSource,
  type Client,
  connect,
  type Reply,
  streamCamera,
} from '../../../src/client/index.ts';

const width = 160;
const height = 120;
const resultCount = 12;
const overloadMs = 6000;

export interface Report {
  readonly results: number;
  /** Frame sizes reported by the gateway. */
  readonly sizes: readonly string[];
  /** Number of pictures passed to `onSent`, and of those whose index got a result. */
  readonly pictures: number;
  readonly picturesWithResult: number;
  readonly pictureSizes: readonly string[];
  /** Maximum channel difference between the JPEG's center and the source. */
  readonly colorError: number;
  readonly sentAfterStop: number;
}

export interface Overload {
  readonly answeredFps: number;
  readonly dropRate: number;
  readonly roundTripMs: number;
}

function paint(canvas: HTMLCanvasElement | OffscreenCanvas, number: number): void {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = 'rgb(200 100 50)';
  context.fillRect(0, 0, width, height);
  context.fillStyle = 'white';
  context.fillText(String(number), 5, 15);
}

function makeCanvas(): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  paint(canvas, 0);
  return canvas;
}

/** Creates a video of `canvas`, which is repainted continuously. */
async function createVideo(canvas: HTMLCanvasElement): Promise<HTMLVideoElement> {
  const video = document.createElement('video');
  Object.assign(video, { srcObject: canvas.captureStream(), muted: true });
  const painting = setInterval(() => paint(canvas, performance.now()), 30);
  await video.play();
  addEventListener('stop-painting', () => clearInterval(painting), { once: true });
  return video;
}

async function colorErrorOf(frame: Blob): Promise<number> {
  const picture = await createImageBitmap(frame);
  const canvas = makeCanvas();
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.drawImage(picture, 0, 0, width, height);
  const [r = 0, g = 0, b = 0] = context.getImageData(width / 2, height / 2, 1, 1).data;
  return Math.max(Math.abs(r - 200), Math.abs(g - 100), Math.abs(b - 50));
}

/** Streams until there are enough results, stops, and checks whether anything is sent afterwards. */
async function report(client: Client, source: CameraSource, options: CameraOptions = {}): Promise<Report> {
  const replies: Reply[] = [];
  const pictures = new Map<number, ImageBitmap>();
  let [picturesWithResult, handedOut, sent] = [0, 0, 0];
  const pictureSizes = new Set<string>();
  let first: Blob | undefined;
  client.on('sent', () => {
    sent += 1;
  });
  const camera = streamCamera(client, source, {
    ...options,
    onSent: ({ index, frame, picture }) => {
      first ??= frame as Blob;
      handedOut += 1;
      pictureSizes.add(`${picture.width}x${picture.height}`);
      pictures.set(index, picture);
    },
  });
  await new Promise<void>((resolve, reject) => {
    camera.done.catch(reject);
    client.on('result', (reply) => {
      // Another reply may still arrive after the last one.
      if (replies.length === resultCount) return;
      replies.push(reply);
      if (pictures.delete(reply.index)) picturesWithResult += 1;
      if (replies.length === resultCount) resolve();
    });
  });
  camera.stop();
  await camera.done;
  const before = sent;
  await new Promise((resolve) => setTimeout(resolve, 300));
  dispatchEvent(new Event('stop-painting'));
  const results = replies.filter((reply) => reply.type === 'result');
  return {
    results: results.length,
    sizes: [...new Set(results.map(({ result }) => `${result.width}x${result.height}`))],
    pictures: handedOut,
    picturesWithResult,
    pictureSizes: [...pictureSizes],
    colorError: first === undefined ? -1 : await colorErrorOf(first),
    // One frame may already be with the client, which sends it when the rate allows.
    sentAfterStop: Math.max(0, sent - before - 1),
  };
}

/** Counts the frames sent of a canvas that never changes. */
async function countStillFrames(client: Client): Promise<number> {
  const canvas = makeCanvas();
  const stream = canvas.captureStream();
  const camera = streamCamera(client, stream);
  let sent = 0;
  client.on('sent', () => {
    sent += 1;
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  camera.stop();
  await camera.done;
  return sent;
}

/** Checks that `done` settles when the client is closed. */
async function settlesOnClose(client: Client): Promise<string> {
  const camera = streamCamera(client, makeCanvas());
  await client.ready();
  client.close();
  return camera.done.then(
    () => 'settled',
    (error) => String(error),
  );
}

/** Measures the steady state of a camera with a gateway that needs 100 ms per frame. */
async function overload(client: Client): Promise<Overload> {
  const camera = streamCamera(client, await navigator.mediaDevices.getUserMedia({ video: { frameRate: 30 } }));
  await new Promise((resolve) => setTimeout(resolve, 3000));
  let [results, dropped, roundTripsMs] = [0, 0, 0];
  client.on('result', ({ roundTripMs }) => {
    results += 1;
    roundTripsMs += roundTripMs;
  });
  client.on('dropped', () => {
    dropped += 1;
  });
  await new Promise((resolve) => setTimeout(resolve, overloadMs));
  camera.stop();
  const roundTripMs = roundTripsMs / results;
  return { answeredFps: (1000 * results) / overloadMs, dropRate: dropped / (results + dropped), roundTripMs };
}

const scenes: Record<string, (open: (pipeline?: string) => Client) => Promise<unknown>> = {
  canvas: (open) => report(open(), makeCanvas()),
  offscreen: (open) => {
    const canvas = new OffscreenCanvas(width, height);
    paint(canvas, 0);
    return report(open(), canvas);
  },
  video: async (open) => report(open(), await createVideo(makeCanvas())),
  camera: async (open) =>
    report(open(), await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } })),
  narrow: (open) => report(open(), makeCanvas(), { maxWidth: 80, quality: 0.5, fps: 10 }),
  still: (open) => countStillFrames(open()),
  closed: (open) => settlesOnClose(open()),
  overload: (open) => overload(open('slow')),
};

async function runAll(): Promise<Record<string, unknown>> {
  const query = new URLSearchParams(location.search);
  if (query.has('old')) {
    // Remove APIs that older browsers lack.
    Reflect.deleteProperty(globalThis, 'OffscreenCanvas');
    Reflect.deleteProperty(HTMLVideoElement.prototype, 'requestVideoFrameCallback');
  }
  const reports: Record<string, unknown> = {};
  for (const name of (query.get('scenes') ?? '').split(',')) {
    const clients: Client[] = [];
    const open = (pipeline = 'echo') => {
      const client = connect({ url: query.get('gateway') ?? '', pipeline });
      clients.push(client);
      return client;
    };
    reports[name] = await scenes[name]?.(open);
    for (const client of clients) client.close();
  }
  return reports;
}

runAll()
  .catch((error: unknown) => ({ error: String(error) }))
  .then((reports) => fetch('/reports', { method: 'POST', body: JSON.stringify(reports) }));
