/** Report of the soak: JSON lines as it runs, and a summary at the end. */
import { appendFileSync, writeFileSync } from 'node:fs';
import type { Vitals } from './gateway.ts';
import type { Totals } from './ledger.ts';
import { afterWarmUp, growthPerHour } from './trend.ts';

/** Resources of the main gateway without cameras and failures. */
export interface QuietPoint extends Vitals {
  readonly hours: number;
}

export interface FailureRecord {
  readonly failure: string;
  readonly ms: number;
  /** Results of the cameras from its start until the next failure. */
  readonly results: number;
  /** Maximum latency during this time. */
  readonly slowest_ms: number;
}

export interface FleetSummary extends Totals {
  readonly sessions: number;
  readonly disturbed: number;
  readonly restarted: number;
}

export interface SoakSummary {
  readonly seed: number;
  readonly hours: number;
  readonly main: FleetSummary;
  readonly second: FleetSummary;
  readonly failures: Readonly<Record<string, number>>;
  /** Growth per hour relative to the mean, over the quiet points after the warm-up; null if there are too few. */
  readonly rss_growth_per_hour: number | null;
  readonly heap_growth_per_hour: number | null;
  readonly rss_bytes: readonly [first: number, last: number];
  readonly file_handles: readonly [first: number, last: number];
  readonly threads: readonly [first: number, last: number];
  readonly quiet_points: number;
  readonly problems: readonly string[];
}

const megabyte = 1_048_576;
const percent = 100;
const secondsPerHour = 3600;

/** Collects records and writes each immediately, so that an interrupted soak keeps its report. */
export class SoakReport {
  readonly problems: string[] = [];
  readonly #path: string | undefined;
  readonly #print: (line: string) => void;
  readonly #quiet: QuietPoint[] = [];
  readonly #failures: Record<string, number> = {};

  constructor(path: string | undefined, print: (line: string) => void) {
    this.#path = path;
    this.#print = print;
    if (path !== undefined) writeFileSync(path, '');
  }

  started(settings: Readonly<Record<string, unknown>>): void {
    this.#write({ type: 'start', at: new Date().toISOString(), ...settings });
    this.#print(
      Object.entries(settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    );
  }

  problem(problem: string): void {
    this.problems.push(problem);
    this.#write({ type: 'problem', at: new Date().toISOString(), problem });
    this.#print(`PROBLEM: ${problem}`);
  }

  failure(record: FailureRecord): void {
    this.#failures[record.failure] = (this.#failures[record.failure] ?? 0) + 1;
    this.#write({ type: 'failure', at: new Date().toISOString(), ...record });
    this.#print(`${record.failure}: ${record.results} results, maximum latency ${record.slowest_ms} ms`);
  }

  /** Resources of the main gateway under load. */
  loaded(hours: number, vitals: Vitals): void {
    this.#write({ type: 'loaded', hours, ...vitals });
  }

  quiet(point: QuietPoint): void {
    this.#quiet.push(point);
    this.#write({ type: 'quiet', ...point });
    this.#print(`quiet after ${Math.round(point.hours * secondsPerHour)} s: ${vitalsText(point)}`);
  }

  summary(seed: number, hours: number, main: FleetSummary, second: FleetSummary): SoakSummary {
    const counted = afterWarmUp(this.#quiet, hours);
    const growth = (key: 'rss_bytes' | 'heap_bytes') =>
      growthPerHour(counted.map((point) => ({ hours: point.hours, bytes: point[key] }))) ?? null;
    const ends = (key: 'rss_bytes' | 'file_handles' | 'threads') =>
      [this.#quiet[0]?.[key] ?? 0, this.#quiet.at(-1)?.[key] ?? 0] as const;
    const summary: SoakSummary = {
      seed,
      hours,
      main,
      second,
      failures: this.#failures,
      rss_growth_per_hour: growth('rss_bytes'),
      heap_growth_per_hour: growth('heap_bytes'),
      rss_bytes: ends('rss_bytes'),
      file_handles: ends('file_handles'),
      threads: ends('threads'),
      quiet_points: this.#quiet.length,
      problems: this.problems,
    };
    this.#write({ type: 'summary', ...summary });
    return summary;
  }

  #write(record: object): void {
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(record)}\n`);
  }
}

export function summaryText(summary: SoakSummary): string {
  const { seed, main, second, failures, rss_growth_per_hour, rss_bytes, file_handles, threads, problems } = summary;
  const growth =
    rss_growth_per_hour === null ? 'too few quiet points' : `${(percent * rss_growth_per_hour).toFixed(1)} % per hour`;
  return [
    `seed ${seed}`,
    `main gateway: ${fleetText(main)}`,
    `second gateway: ${fleetText(second)}`,
    `failures: ${Object.entries(failures)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    `memory at quiet points: ${rss_bytes.map(inMegabytes).join(' to ')}, growth ${growth}`,
    `file handles ${file_handles.join(' to ')}, threads ${threads.join(' to ')}`,
    problems.length === 0
      ? 'every frame is accounted for, and no session was disturbed'
      : `${problems.length} problems`,
  ].join('\n');
}

function fleetText({
  sent,
  results,
  dropped,
  ended,
  unanswered,
  sessions,
  disturbed,
  restarted,
}: FleetSummary): string {
  return [
    `${sent} frames in ${sessions} sessions: ${results} results, ${dropped} dropped, ${ended} in closed sessions, ${unanswered} unanswered`,
    `${disturbed} sessions disturbed, ${restarted} closed by restarts`,
  ].join('; ');
}

function vitalsText({ rss_bytes, heap_bytes, file_handles, threads }: Vitals): string {
  return `${inMegabytes(rss_bytes)}, heap ${inMegabytes(heap_bytes)}, ${file_handles} file handles, ${threads} threads`;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(1)} MB`;
}
