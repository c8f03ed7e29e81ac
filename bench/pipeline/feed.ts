/** Measures how many frames one core turns from JPEG into input tensors: what a worker can feed an accelerator. */
import { placeImage } from '../../src/models/image.ts';
import { nchwTensor, nhwcTensor, unitRgb, writePlaced } from '../../src/models/image-tensor.ts';
import { median } from '../../src/statistics.ts';
import { JpegDecoder } from '../../src/tools/jpeg-decoder.ts';
import { type FrameSize, renderFrames } from '../../test/support/samples/street-frames.ts';

/** What cameras send, and the inputs of most models. */
const frameSizes: readonly FrameSize[] = [
  { width: 640, height: 360 },
  { width: 640, height: 480 },
  { width: 800, height: 600 },
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];
const inputSizes: readonly FrameSize[] = [
  { width: 640, height: 480 },
  { width: 640, height: 640 },
];
const layouts = ['float32 NCHW', 'uint8 NHWC'] as const;

/** Runs before the measurement, so V8 has compiled everything. */
const warmUpRuns = 10;
const channels = 3;
const msPerSecond = 1000;

export interface Feed {
  readonly frame: FrameSize;
  readonly input: FrameSize;
  readonly layout: (typeof layouts)[number];
  /** Medians, in milliseconds per frame on one core. */
  readonly decodeMs: number;
  readonly preprocessMs: number;
}

/** @param runs per frame size and input. */
export async function measureFeed(runs: number): Promise<Feed[]> {
  const decoder = await JpegDecoder.create();
  const feeds: Feed[] = [];
  for (const frame of frameSizes) {
    const files = renderFrames(frame);
    for (const input of inputSizes) {
      for (const layout of layouts) feeds.push(await measure(decoder, files, runs, { frame, input, layout }));
    }
  }
  return feeds;
}

type Case = Pick<Feed, 'frame' | 'input' | 'layout'>;

/** Decodes and preprocesses in turns, as a worker does, so that neither finds the other's data in the caches. */
async function measure(decoder: JpegDecoder, files: readonly Uint8Array[], runs: number, what: Case): Promise<Feed> {
  const { width, height } = what.input;
  const values = channels * width * height;
  const out =
    what.layout === 'uint8 NHWC'
      ? nhwcTensor(new Uint8Array(values), width, height)
      : nchwTensor(new Float32Array(values), width, height, unitRgb);
  const decodeMs: number[] = [];
  const preprocessMs: number[] = [];
  for (let run = -warmUpRuns; run < runs; run++) {
    const startedAt = performance.now();
    const { image } = await decoder.decode(files[(run + warmUpRuns) % files.length] as Uint8Array);
    const decodedAt = performance.now();
    writePlaced(image, placeImage(image, what.input, 'letterbox'), out);
    if (run < 0) continue;
    decodeMs.push(decodedAt - startedAt);
    preprocessMs.push(performance.now() - decodedAt);
  }
  return { ...what, decodeMs: median(decodeMs), preprocessMs: median(preprocessMs) };
}

/** Frames per second of each step alone and of both together. */
export function tableOf(feeds: readonly Feed[]): string {
  const rows = feeds.map(({ frame, input, layout, decodeMs, preprocessMs }) => [
    sizeOf(frame),
    sizeOf(input),
    layout,
    perSecond(decodeMs),
    perSecond(preprocessMs),
    perSecond(decodeMs + preprocessMs),
  ]);
  const all = [['frame', 'input', 'layout', 'decode', 'preprocess', 'one core feeds'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function sizeOf({ width, height }: FrameSize): string {
  return `${width}x${height}`;
}

function perSecond(ms: number): string {
  return `${Math.round(msPerSecond / ms)}/s`;
}
