/**
 * `npm run bench:votes`: how often the texts of `plates` are wrong, beside those of single frames, on rendered clips; whether a vote's score
 * is its probability; and what votes save. The parameters of votes were fitted on other plates: see `src/votes/confusion-network.ts`.
 */
import { Command, InvalidArgumentError } from 'commander';
import { votesParams } from '../src/tools/voting-extractor.ts';
import { type Accuracy, judge, type Share } from './votes/accuracy.ts';
import { readClips } from './votes/clips.ts';
import { renderLanes } from './votes/lanes.ts';
import { openTools, runClip } from './votes/run-clip.ts';
import { type Cost, openMeter } from './votes/saving.ts';

interface Flags {
  readonly clips?: string;
  readonly fps: readonly number[];
  readonly models: readonly string[];
  readonly seconds: number;
  readonly json?: boolean;
}

const flags = new Command('npm run bench:votes --')
  .description(
    'Compares the votes of `plates` with single frames: accuracy and calibration on clips, and the saving at a gate.',
  )
  .option(
    '--clips <dir>',
    'folder of clips from native-models/training/render_clips.py; without it, only the saving is measured',
  )
  .option('--fps <list>', 'frames per second of the clips to use', numbers, [10])
  .option('--models <list>', 'recognizers', (text: string) => text.split(','), ['plate-reader', 'pp-ocrv4'])
  .option('--seconds <n>', 'length of the scene for the saving; 0 to skip it', number, 30)
  .option('--json', 'print one JSON object per line instead of tables')
  .parse()
  .opts<Flags>();

/** Frame rate of the scene for the saving. */
const gateFps = 10;
const turnFrames = 20;

interface Saving {
  readonly yolo_ocr: Cost;
  readonly plates: Cost;
}

if (flags.clips !== undefined) {
  for (const model of flags.models) {
    for (const fps of flags.fps) print({ model, fps, ...(await accuracyOf(flags.clips, model, fps)) }, accuracyText);
  }
}
if (flags.seconds > 0) {
  const frames = renderLanes(Math.round(flags.seconds * gateFps), gateFps);
  for (const model of flags.models) print({ model, ...(await savingOf(model, frames)) }, savingText);
}

/** The pipelines take turns: whatever else the machine does then slows both. */
async function savingOf(model: string, frames: readonly Uint8Array[]): Promise<Saving> {
  const meters = [await openMeter('yolo_ocr', model, gateFps), await openMeter('plates', model, gateFps)] as const;
  for (let at = 0; at < frames.length; at += turnFrames)
    for (const meter of meters) await meter.run(frames.slice(at, at + turnFrames));
  const [single, voting] = [await meters[0].close(), await meters[1].close()];
  return { yolo_ocr: single, plates: voting };
}

async function accuracyOf(dir: string, model: string, fps: number): Promise<Accuracy> {
  const tools = await openTools(model);
  const runs = [];
  for (const clip of readClips(dir, fps)) runs.push(await runClip(clip, tools, { event: 'plate' }));
  await tools.close();
  return judge(runs, votesParams.parse({}).min_score);
}

function accuracyText(result: Accuracy & { readonly model: string; readonly fps: number }): string {
  const rows: readonly (readonly [string, Share])[] = [
    ['wrong texts of single frames', result.wrongFrames],
    ['  with a score of 0.5 or more', result.wrongSureFrames],
    ['wrong texts of events', result.wrongEvents],
    ['  that were settled', result.wrongSettledEvents],
    ['tracks with an event', result.reported],
    ['right events of tracks that one frame shows right', result.rightOfLegible],
    ['settled texts that reading every frame changes', result.changed],
  ];
  return [
    `${result.model}, ${result.fps} frames per second, ${result.tracks} tracks of plates, ${result.otherEvents} events of other things`,
    ...rows.map(([name, { share, of }]) => `${name.padEnd(52)}${percent(share)} of ${of}`),
    `${'vote score'.padEnd(16)}${'tracks'.padStart(8)}${'mean score'.padStart(12)}${'right'.padStart(8)}`,
    ...result.bins.map(
      ({ from, to, tracks, score, right }) =>
        `${`${from} to ${to}`.padEnd(16)}${tracks.toFixed(1).padStart(8)}${score.toFixed(3).padStart(12)}${right.toFixed(3).padStart(8)}`,
    ),
    `mean difference of score and share of right texts: ${result.calibrationError.toFixed(3)}`,
    '',
  ].join('\n');
}

function savingText({ model, yolo_ocr: single, plates: voting }: Saving & { readonly model: string }): string {
  const lines = [single, voting].map(
    ({ pipeline, runsPerSecond, linesPerSecond, resultsPerSecond, events }) =>
      `${pipeline.padEnd(10)}${runsPerSecond.toFixed(2)} runs and ${linesPerSecond.toFixed(2)} lines per second of the camera, ${resultsPerSecond.toFixed(1)} results/s, ${events} events`,
  );
  const ratios = `runs ${(voting.runsPerSecond / single.runsPerSecond).toFixed(2)}, lines ${(voting.linesPerSecond / single.linesPerSecond).toFixed(2)}, results ${(voting.resultsPerSecond / single.resultsPerSecond).toFixed(2)}`;
  return [`${model}: three plates at ${gateFps} frames per second`, ...lines, `plates by yolo_ocr: ${ratios}`, ''].join(
    '\n',
  );
}

function print<Result>(result: Result, text: (result: Result) => string): void {
  process.stdout.write(`${flags.json ? JSON.stringify(result) : text(result)}\n`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1).padStart(5)} %`;
}

function numbers(text: string): number[] {
  return text.split(',').map(number);
}

function number(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('It must be a number of at least 0.');
  return value;
}
