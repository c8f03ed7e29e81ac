/** `framegate bench`: loads a gateway with cameras and prints what they saw. */
import { readFileSync, statSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import { ConfigError } from '../errors.ts';
import { type LoadPlan, type PlanFlags, planOf } from '../load/plan.ts';
import { reportOf } from '../load/report.ts';
import { describeReport } from '../load/report-text.ts';
import { LoadError, LoadRun } from '../load/run-load.ts';
import { renderFrames } from '../samples/street-frames.ts';
import { streamUrlOf } from './gateway-address.ts';
import { jpegFilesAt } from './jpeg-files.ts';

export interface BenchFlags extends PlanFlags {
  readonly url: string;
  readonly pipeline: string;
  /** JPEG file or folder; without it the project's own frames. */
  readonly frames?: string;
  readonly json?: boolean;
}

/** All files are held in memory while they are sent. */
const maxFrameBytes = 512 * 1_048_576;
/** Ctrl-C reaches the command from the terminal and once more from the launcher; a later one means "now". */
const duplicateSignalMs = 1000;
/** What a shell reports for a command that SIGINT ended. */
const interruptedExitCode = 130;

/**
 * Runs one load.
 * @returns the exit code: 0 when frames were answered, 1 when there was no connection or no answer.
 * @throws ConfigError for flags and files that cannot be used.
 */
export async function bench(flags: BenchFlags): Promise<number> {
  const url = streamUrlOf(flags.url, flags.pipeline);
  const plan = planOf(flags);
  const frames = flags.frames === undefined ? renderFrames() : readFrames(flags.frames);
  if (!flags.json) process.stdout.write(`${headline(plan, url)}\n`);
  const bar = progressBar(plan, flags.json ?? false);
  const run = new LoadRun(
    plan,
    { url, frames },
    {
      progressed: (elapsedMs, { results, dropped }) => {
        bar?.update(Math.round(elapsedMs / 1000), { results, dropped });
      },
    },
  );
  const release = stopOnInterrupt(run);
  try {
    const report = reportOf(await run.outcome(), url.href, frames);
    bar?.stop();
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `\n${describeReport(report)}\n`);
    return report.results + report.dropped > 0 ? 0 : 1;
  } catch (error) {
    bar?.stop();
    if (!(error instanceof LoadError)) throw error;
    process.stderr.write(`framegate: ${error.message}\n`);
    return 1;
  } finally {
    release();
  }
}

/** @throws ConfigError when there is no JPEG, or too much of them. */
function readFrames(path: string): Buffer[] {
  const files = jpegFilesAt(path);
  if (files.length === 0) throw new ConfigError([`no JPEG file in ${path}`]);
  const stats = files.map((file) => statSync(file));
  const other = files.find((_, index) => !stats[index]?.isFile());
  if (other !== undefined) throw new ConfigError([`${other} is no file`]);
  if (stats.reduce((total, { size }) => total + size, 0) > maxFrameBytes) {
    throw new ConfigError([`${path} holds more than ${maxFrameBytes / 1_048_576} MB of frames`]);
  }
  return files.map(readFrame);
}

function readFrame(file: string): Buffer {
  let frame: Buffer;
  try {
    frame = readFileSync(file);
  } catch (error) {
    throw new ConfigError([`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`]);
  }
  // Only the first two bytes: a frame that is broken further on is a load like any other.
  if (frame[0] !== 0xff || frame[1] !== 0xd8) throw new ConfigError([`${file} is no JPEG file`]);
  return frame;
}

function headline(plan: LoadPlan, url: URL): string {
  const groups = plan.groups
    .map(({ cameras, fps }) => `${cameras} ${cameras === 1 ? 'camera' : 'cameras'} at ${fps} fps`)
    .join(' and ');
  const slow = plan.slowReaders === undefined ? '' : `, slow readers ${plan.slowReaders.cameras}`;
  const adaptive = plan.adaptive ? ', obeying slow_down' : '';
  const ramp = plan.rampMs > 0 ? `ramp ${plan.rampMs / 1000} s, ` : '';
  return [
    `Running ${plan.durationMs / 1000} s at ${url.href} (${ramp}warm-up ${plan.warmUpMs / 1000} s)`,
    `${groups}, phases ${plan.phase}${adaptive}${slow}`,
  ].join('\n');
}

/** On a terminal only, and never beside a JSON object. */
function progressBar({ rampMs, warmUpMs, durationMs }: LoadPlan, json: boolean): SingleBar | undefined {
  if (json || !process.stderr.isTTY) return undefined;
  const bar = new SingleBar({
    stream: process.stderr,
    clearOnComplete: true,
    format: '[{bar}] {value} of {total} s, {results} results, {dropped} dropped',
  });
  bar.start(Math.ceil((rampMs + warmUpMs + durationMs) / 1000), 0, { results: 0, dropped: 0 });
  return bar;
}

/** The first Ctrl-C ends the run early and shows what was measured, the next ends the command. */
function stopOnInterrupt(run: LoadRun): () => void {
  let stoppedAtMs: number | undefined;
  const stop = () => {
    if (stoppedAtMs !== undefined && performance.now() - stoppedAtMs > duplicateSignalMs)
      process.exit(interruptedExitCode);
    stoppedAtMs ??= performance.now();
    run.stop();
  };
  process.on('SIGINT', stop);
  return () => process.off('SIGINT', stop);
}
