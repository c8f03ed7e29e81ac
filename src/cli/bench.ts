/** `framegate bench`: loads a gateway with simulated cameras and prints a report. */
import { readFileSync, statSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import { ConfigError } from '../errors.ts';
import { type LoadPlan, type PlanFlags, parsePlan } from '../load/plan.ts';
import { buildReport } from '../load/report.ts';
import { describeReport } from '../load/report-text.ts';
import { LoadError, LoadRun } from '../load/run-load.ts';
import { shownUrl } from '../shown-url.ts';
import { clientToken, type TokenFlags } from './client-token.ts';
import { streamUrlOf } from './gateway-address.ts';
import { jpegFilesAt } from './jpeg-files.ts';
import { sampleFramesFolder } from './sample-frames.ts';
import { stopOnSignals } from './signals.ts';

export interface BenchFlags extends PlanFlags, TokenFlags {
  readonly url: string;
  readonly pipeline: string;
  /** JPEG file or folder; defaults to the built-in frames. */
  readonly frames?: string;
  readonly json?: boolean;
}

/** Limit on the total size of the files, which are all held in memory. */
const maxFrameBytes = 512 * 1_048_576;

/**
 * Runs one load test.
 * @returns the exit code: 0 if any frame got a reply, 1 if there was no connection or no reply.
 * @throws ConfigError for invalid flags and files.
 */
export async function bench(flags: BenchFlags): Promise<number> {
  const url = streamUrlOf(flags.url, flags.pipeline);
  const plan = parsePlan(flags);
  const frames = readFrames(flags.frames ?? sampleFramesFolder());
  if (!flags.json) process.stdout.write(`${headline(plan, url)}\n`);
  const bar = progressBar(plan, flags.json ?? false);
  const run = new LoadRun(
    plan,
    { url, token: clientToken(flags), frames },
    {
      progressed: (elapsedMs, { results, dropped }) => {
        bar?.update(Math.round(elapsedMs / 1000), { results, dropped });
      },
    },
  );
  // The first Ctrl-C ends the run early and prints the report; a later one exits.
  const release = stopOnSignals(['SIGINT'], () => run.stop());
  try {
    const report = buildReport(await run.outcome(), shownUrl(url), frames);
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

/** @throws ConfigError if there are no JPEG files, or if they are too large in total. */
function readFrames(path: string): Buffer[] {
  const files = jpegFilesAt(path);
  if (files.length === 0) throw new ConfigError([`no JPEG file in ${path}`]);
  const stats = files.map((file) => statSync(file));
  const other = files.find((_, index) => !stats[index]?.isFile());
  if (other !== undefined) throw new ConfigError([`${other} is not a file`]);
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
  // Check only the first two bytes: sending corrupt frames is a valid load test.
  if (frame[0] !== 0xff || frame[1] !== 0xd8) throw new ConfigError([`${file} is not a JPEG file`]);
  return frame;
}

function headline(plan: LoadPlan, url: URL): string {
  const groups = plan.groups
    .map(({ cameras, fps }) => `${cameras} ${cameras === 1 ? 'camera' : 'cameras'} at ${fps} fps`)
    .join(' and ');
  const slow = plan.slowReaders === undefined ? '' : `, ${plan.slowReaders.cameras} slow readers`;
  const adaptive = plan.adaptive ? ', adaptive' : '';
  const ramp = plan.rampMs > 0 ? `ramp ${plan.rampMs / 1000} s, ` : '';
  return [
    `Running ${plan.durationMs / 1000} s at ${shownUrl(url)} (${ramp}warm-up ${plan.warmUpMs / 1000} s)`,
    `${groups}, ${plan.phase}${adaptive}${slow}`,
  ].join('\n');
}

/** Shown only on a terminal, and not with --json. */
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
