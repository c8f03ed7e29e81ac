/**
 * `npm run bench:pipeline`: runs a pipeline in a loop on one thread, without sockets: the upper limit of the gateway. With `--feed`, only the
 * way from JPEG to tensor: the upper limit of a worker that leaves inference to an accelerator.
 */

import { Command, InvalidArgumentError, Option } from 'commander';
import { percentile } from '../src/statistics.ts';
import { defaultFrameSize, type FrameSize, renderFrames } from '../test/support/samples/street-frames.ts';
import { openPipeline } from './open-pipeline.ts';
import { measureFeed, tableOf } from './pipeline/feed.ts';

interface Flags {
  readonly pipeline: string;
  readonly frames: number;
  readonly size: FrameSize;
  readonly feed?: boolean;
  readonly json?: boolean;
}

/** Frames before the measurement, so V8 has compiled everything. */
const warmUpFrames = 20;

/** Below the minimum the plate is illegible; above the maximum, drawing alone takes minutes. */
const minSide = 240;
const maxSide = 4096;

const size = new Option('-s, --size <WxH>', 'frame size in pixels')
  .argParser(frameSize)
  .default(defaultFrameSize, `${defaultFrameSize.width}x${defaultFrameSize.height}`);
const flags = new Command('npm run bench:pipeline --')
  .description('Runs a pipeline on rendered frames with one plate each, one at a time.')
  .option('-p, --pipeline <id>', 'pipeline to run', 'yolo_ocr')
  .option('-n, --frames <n>', 'number of frames', wholeNumber, 200)
  .addOption(size)
  .option('--feed', 'print how many frames one core decodes and preprocesses, for several frame and input sizes')
  .option('--json', 'print JSON')
  .parse()
  .opts<Flags>();

if (flags.feed) await printFeed();
else await printPipeline();

async function printFeed(): Promise<void> {
  const feeds = await measureFeed(flags.frames);
  process.stdout.write(`${flags.json ? JSON.stringify(feeds) : tableOf(feeds)}\n`);
}

async function printPipeline(): Promise<void> {
  const service = await openPipeline(flags.pipeline);
  const frames = renderFrames(flags.size);
  const stages = new Map<string, number[]>();
  let cpuAtStart = process.cpuUsage();
  for (let index = -warmUpFrames; index < flags.frames; index++) {
    if (index === 0) cpuAtStart = process.cpuUsage();
    const bytes = frames[(index + warmUpFrames) % frames.length] as Uint8Array;
    const { result } = await service.runOnFrame(flags.pipeline, index, bytes);
    if (index < 0) continue;
    for (const [stage, ms] of Object.entries(result.timings_ms)) stages.set(stage, [...(stages.get(stage) ?? []), ms]);
  }
  const cpu = process.cpuUsage(cpuAtStart);
  await service.close();
  const cpuSeconds = (cpu.user + cpu.system) / 1e6;
  const report = {
    pipeline: flags.pipeline,
    frames: flags.frames,
    size: flags.size,
    frames_per_cpu_second: flags.frames / cpuSeconds,
    cpu_ms_per_frame: (cpuSeconds * 1000) / flags.frames,
    stage_ms: Object.fromEntries([...stages].map(([stage, values]) => [stage, percentiles(values)])),
  };
  process.stdout.write(`${JSON.stringify(report, null, flags.json ? 0 : 2)}\n`);
}

function percentiles(values: readonly number[]): { median: number; p95: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
}

function frameSize(text: string): FrameSize {
  const sides = /^(\d+)x(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  const [width = 0, height = 0] = sides;
  if (sides.some((side) => side < minSide || side > maxSide) || sides.length === 0) {
    throw new InvalidArgumentError(`Must be WxH, e.g. 1920x1080, with sides from ${minSide} to ${maxSide}.`);
  }
  return { width, height };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Must be an integer above 0.');
  return value;
}
