/** `npm run bench:yolo`: what it takes to turn the outputs of YOLO models into detections, beside Ultralytics' own code. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { placeImage } from '../src/models/image.ts';
import { BoxDecoder } from '../src/models/yolo/box-decoder.ts';
import { type BoxReader, readDetections } from '../src/models/yolo/box-reader.ts';
import { readClasses } from '../src/models/yolo/classify.ts';
import { UprightReader } from '../src/models/yolo/detect.ts';
import { RotatedReader } from '../src/models/yolo/obb.ts';
import { fitFormats } from '../src/models/yolo/output-fit.ts';
import type { BoxFormat } from '../src/models/yolo/output-format.ts';
import { PoseReader } from '../src/models/yolo/pose.ts';
import { SegmentReader } from '../src/models/yolo/segment.ts';
import type { BoxTask } from '../src/models/yolo/task.ts';
import type { Detection } from '../src/protocol.ts';
import { percentile } from '../src/statistics.ts';
import { classesOf, extrasOf, inputSide, keypointShape, rawOutputs } from './yolo/outputs.ts';

const flags = new Command('npm run bench:yolo --')
  .description('Measures post-processing of 640x640 outputs on one thread. No model runs.')
  .option('--objects <n>', 'objects in the picture', '100')
  .option('--rounds <n>', 'runs per task; the first tenth does not count', '200')
  .option('--peer', 'run Ultralytics on the same outputs; needs `make peer-ultralytics`')
  .parse()
  .opts<{ readonly objects: string; readonly rounds: string; readonly peer?: boolean }>();

const [objects, rounds] = [Number(flags.objects), Number(flags.rounds)];
/** Square like the input: Ultralytics also counts objects in the bars of a letterbox. */
const frame = { width: 1280, height: 1280 };
const input = { width: inputSide, height: inputSide };
const placement = placeImage(frame, input, 'letterbox');
const limits = { scoreThreshold: 0.25, iouThreshold: 0.45, maxDetections: 1000, allowedLabels: undefined };
const python = fileURLToPath(new URL('peers/ultralytics/.venv/bin/python', import.meta.url));
const peer = fileURLToPath(new URL('peers/ultralytics/postprocess.py', import.meta.url));

const readers: Readonly<Record<BoxTask, (format: BoxFormat) => BoxReader>> = {
  detect: () => new UprightReader(),
  segment: ({ extras, prototypes }) => {
    if (extras === undefined || prototypes === undefined) throw new Error('no masks');
    return new SegmentReader({ columns: extras, prototypes, input, tolerance: 1, hasMask: false, isCutFirst: false });
  },
  pose: ({ extras }) => {
    if (extras === undefined) throw new Error('no keypoints');
    return new PoseReader(extras, { count: keypointShape[0], values: keypointShape[1] });
  },
  obb: ({ extras }) => {
    if (extras === undefined) throw new Error('no angles');
    return new RotatedReader(extras);
  },
};

interface Timed {
  readonly median: number;
  readonly p95: number;
}

function time(run: () => unknown): Timed {
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAtMs = performance.now();
    run();
    if (round >= rounds / 10) durations.push(performance.now() - startedAtMs);
  }
  const sorted = durations.sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
}

interface Row extends Timed {
  readonly task: string;
  readonly found: number;
  readonly peer?: Timed & { readonly found: number };
}

function measure(task: BoxTask): Row {
  const outputs = rawOutputs(task, objects);
  const shapes = Object.entries(outputs).map(([name, { dims }]) => ({ name, type: 'float32', dims }));
  const [format] = fitFormats(shapes, {
    task,
    inputWidth: inputSide,
    inputHeight: inputSide,
    poseValues: extrasOf.pose,
    names: ['ultralytics'],
  });
  if (format === undefined) throw new Error(`the outputs fit no format of ${task}`);
  const decoder = new BoxDecoder(format, input);
  const reader = readers[task](format);
  let found: readonly Detection[] = [];
  const timed = time(() => {
    const candidates = decoder.decode(outputs, limits.scoreThreshold);
    found = readDetections(reader, { outputs, candidates, placement, frame }, [], limits);
  });
  return { task, found: found.length, ...timed, ...(flags.peer && { peer: runPeer(task, outputs) }) };
}

function runPeer(task: BoxTask, outputs: ReturnType<typeof rawOutputs>): Timed & { readonly found: number } {
  if (!existsSync(python)) throw new Error('Ultralytics is not installed; run `make peer-ultralytics` first');
  const folder = mkdtempSync(join(tmpdir(), 'framegate-yolo-'));
  try {
    for (const [name, { data }] of Object.entries(outputs)) writeFileSync(join(folder, name), data);
    const shapes = Object.fromEntries(Object.entries(outputs).map(([name, { dims }]) => [name, dims]));
    const order = JSON.stringify({ task, classes: classesOf[task], folder, shapes, input, frame, rounds, ...limits });
    const lines = execFileSync(python, [peer, order], { encoding: 'utf8' }).trim().split('\n');
    // The package may print notices of its own first.
    return JSON.parse(lines.at(-1) ?? '') as Timed & { found: number };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A thousand classes, as of ImageNet. */
function measureClassify(): Row {
  const classes = 1000;
  const data = Float32Array.from({ length: classes }, (_, index) => 1 / (index + 1));
  const plan = { format: { name: 'probabilities', output: 'output0', classes }, names: [] } as unknown as Parameters<
    typeof readClasses
  >[0];
  const found = 5;
  return {
    task: 'classify',
    found,
    ...time(() => readClasses(plan, { output0: { data, dims: [1, classes] } }, found)),
  };
}

const header = [
  'task',
  'found',
  'median ms',
  'p95 ms',
  ...(flags.peer ? ['Ultralytics found', 'median ms', 'ratio'] : []),
];
process.stdout.write(`${header.join('\t')}\n`);
for (const task of ['detect', 'segment', 'pose', 'obb', 'classify'] as const) {
  const row = task === 'classify' ? measureClassify() : measure(task);
  const own = [row.task, row.found, row.median.toFixed(2), row.p95.toFixed(2)];
  const beside = row.peer
    ? [row.peer.found, row.peer.median.toFixed(2), (row.median / row.peer.median).toFixed(2)]
    : [];
  process.stdout.write(`${[...own, ...beside].join('\t')}\n`);
}
