/** The soak without failures: sustained overload, with new cameras every minute. Memory and handles must not grow. */

import { readdirSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { findServer, sampleUsage } from '../../src/load/server-usage.ts';
import { median } from '../../src/statistics.ts';
import { runLoad } from '../suite/load.ts';
import { startServer } from '../suite/server.ts';

interface SaturationOptions {
  /** Whole minutes. */
  readonly minutes: number;
  /** Minutes before growth is measured. */
  readonly settle: number;
  readonly cameras: string;
  readonly json?: boolean;
}

/** Resources of the gateway at the end of a minute, without cameras and frames in flight. */
interface Minute {
  readonly minute: number;
  readonly rss_bytes: number;
  readonly file_handles: number;
  readonly threads: number;
  readonly results: number;
  readonly dropped: number;
}

const secondsPerMinute = 60;
const megabyte = 1_048_576;
const percent = 100;

/** Prints the gateway's resources after each minute, and their change since minute `settle`. */
export async function soakAtSaturation(flags: SaturationOptions): Promise<void> {
  if (flags.settle > flags.minutes) throw new InvalidArgumentError('--settle must not be longer than --minutes');
  const server = await startServer('gateway');
  const watch = findServer(new URL(server.origin));
  if (!watch.found) throw new Error(watch.reason);
  const [pid] = watch.pids as readonly [number];
  const minutes: Minute[] = [];
  for (let minute = 1; minute <= flags.minutes; minute++) {
    const load = ['--cameras', flags.cameras, '--warmup', '0', '--duration', String(secondsPerMinute)];
    const { results, dropped } = await runLoad(server.origin, load);
    const held = {
      rss_bytes: sampleUsage(watch.pids).rssBytes,
      file_handles: readdirSync(`/proc/${pid}/fd`).length,
      threads: readdirSync(`/proc/${pid}/task`).length,
    };
    minutes.push({ minute, ...held, results, dropped });
    if (!flags.json) process.stdout.write(`${lineOf(minutes.at(-1) as Minute)}\n`);
  }
  await server.stop();
  const summary = summaryOf(minutes.filter(({ minute }) => minute >= flags.settle));
  process.stdout.write(
    flags.json ? `${JSON.stringify({ ...summary, minutes })}\n` : `${textOf(summary, flags.settle)}\n`,
  );
}

interface Summary {
  /** Maximum deviations from the median, relative to it. */
  readonly rss_below: number;
  readonly rss_above: number;
  readonly file_handles: readonly [first: number, last: number];
  readonly threads: readonly [first: number, last: number];
}

function summaryOf(counted: readonly Minute[]): Summary {
  const sizes = counted.map(({ rss_bytes }) => rss_bytes).sort((a, b) => a - b);
  const middle = median(sizes);
  const ends = (key: 'file_handles' | 'threads') => [counted[0]?.[key] ?? 0, counted.at(-1)?.[key] ?? 0] as const;
  return {
    rss_below: 1 - (sizes[0] as number) / middle,
    rss_above: (sizes.at(-1) as number) / middle - 1,
    file_handles: ends('file_handles'),
    threads: ends('threads'),
  };
}

function lineOf({ minute, rss_bytes, file_handles, threads, results, dropped }: Minute): string {
  const held = `${(rss_bytes / megabyte).toFixed(1)} MB, ${file_handles} file handles, ${threads} threads`;
  return `minute ${minute}: ${held}; ${results} results, ${dropped} dropped`;
}

function textOf({ rss_below, rss_above, file_handles, threads }: Summary, settle: number): string {
  const part = (value: number) => `${(percent * value).toFixed(1)} %`;
  return [
    `since minute ${settle}: memory within -${part(rss_below)} and +${part(rss_above)} of its median,`,
    `file handles ${file_handles.join(' to ')}, threads ${threads.join(' to ')}`,
  ].join(' ');
}
