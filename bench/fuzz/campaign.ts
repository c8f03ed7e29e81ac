/** Runs many cases of a target in child processes. A case that crashes or hangs its process is reported, and the rest continue. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Done, Failure, FromRunner, Order } from './messages.ts';
import type { TargetSpec } from './targets.ts';

export interface CampaignOptions {
  readonly name: string;
  readonly spec: TargetSpec;
  /** Module that exports `targets`, including this one; defaults to `targets.ts`. */
  readonly targetsUrl?: string;
  /** Folder with the seed files. */
  readonly corpus: string;
  readonly seed: number;
  readonly from: number;
  readonly count: number;
  /** No batch starts after this time, on the clock of `performance.now()`. */
  readonly deadlineMs: number;
  /** Called after each batch with the number of cases so far. */
  readonly progressed: (done: number) => void;
}

export interface CampaignReport {
  readonly target: string;
  readonly seed: number;
  readonly cases: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly slowest: Done['slowest'];
  /** Resident memory of the child process after each batch. */
  readonly residentBytes: readonly number[];
}

const runnerPath = fileURLToPath(new URL('runner.ts', import.meta.url));
const ownTargetsUrl = new URL('targets.ts', import.meta.url).href;
const msPerSecond = 1000;
const bytesPerKilobyte = 1024;
const bytesPerMegabyte = 1_048_576;
/** Memory limit of a child process, to protect the machine. */
const maxResidentBytes = 3072 * bytesPerMegabyte;
const memoryPollMs = 50;
/** `FUZZ_STDERR=1` shows what native code prints before it aborts the process. */
const keepErrors = process.env['FUZZ_STDERR'] !== undefined;

/** Linux only; 0 on other systems. */
function residentBytesOf(pid: number | undefined): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * bytesPerKilobyte;
  } catch {
    return 0;
  }
}

/** A child process crashed or was killed. */
class ProcessLost extends Error {
  /** The last case that it reported. */
  readonly at: number | undefined;

  constructor(how: string, at: number | undefined) {
    super(how);
    this.at = at;
  }
}

/** One child process, which runs one batch at a time. */
class Runner {
  readonly #child: ChildProcess;
  readonly #hangMs: number;
  readonly #watch: NodeJS.Timeout;
  /** Reason why it was killed, if it was. */
  #endedFor: string | undefined;

  static async start(options: CampaignOptions): Promise<Runner> {
    const runner = new Runner(options);
    await runner.#await('ready');
    return runner;
  }

  private constructor({ name, corpus, seed, spec, targetsUrl = ownTargetsUrl }: CampaignOptions) {
    this.#hangMs = spec.hangMs;
    this.#child = fork(runnerPath, [targetsUrl, name, corpus, String(seed)], {
      execArgv: ['--no-warnings', '--expose-gc'],
      stdio: ['ignore', 'ignore', keepErrors ? 'inherit' : 'ignore', 'ipc'],
    });
    this.#watch = setInterval(() => this.#checkMemory(), memoryPollMs);
  }

  #checkMemory(): void {
    const bytes = residentBytesOf(this.#child.pid);
    if (bytes > maxResidentBytes) this.#end(`used ${Math.round(bytes / bytesPerMegabyte)} MB`);
  }

  #end(why: string): void {
    this.#endedFor ??= why;
    this.kill();
  }

  run(order: Order): Promise<Done> {
    this.#child.send(order);
    return this.#await('done') as Promise<Done>;
  }

  /** Lets the process clean up and exit. */
  stop(): Promise<unknown> {
    clearInterval(this.#watch);
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    return exited;
  }

  kill(): void {
    clearInterval(this.#watch);
    this.#child.kill('SIGKILL');
  }

  /** Waits for a message of this type. @throws ProcessLost if the process exits first or hangs. */
  #await(type: FromRunner['type']): Promise<FromRunner> {
    return new Promise((resolve, reject) => {
      let at: number | undefined;
      const hang = () => this.#end(`hung for ${this.#hangMs / msPerSecond} s`);
      let limit = setTimeout(hang, this.#hangMs);
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        clearTimeout(limit);
        clearInterval(this.#watch);
        this.#child.off('message', receive);
        reject(new ProcessLost(this.#endedFor ?? `exited with ${signal ?? code}`, at));
      };
      const receive = (message: FromRunner) => {
        clearTimeout(limit);
        if (message.type === 'at') at = message.number;
        if (message.type !== type) {
          limit = setTimeout(hang, this.#hangMs);
          return;
        }
        this.#child.off('exit', ended);
        this.#child.off('message', receive);
        resolve(message);
      };
      this.#child.on('message', receive);
      this.#child.once('exit', ended);
    });
  }
}

/** Cases still to run. */
interface Range {
  readonly from: number;
  readonly end: number;
  /** Set if one of these cases crashed a process, and how. Each is then reported before it runs. */
  readonly crashedBefore?: string;
}

/** Results of the batches so far. */
class Tally {
  cases = 0;
  readonly outcomes: Record<string, number> = {};
  readonly failures: Failure[] = [];
  readonly residentBytes: number[] = [];
  slowest = { number: 0, ms: 0 };

  add(done: Done, { from, end, crashedBefore }: Range): void {
    this.cases += end - from;
    for (const [outcome, times] of Object.entries(done.tally))
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + times;
    this.failures.push(...done.failures);
    this.residentBytes.push(done.residentBytes);
    if (done.slowest.ms > this.slowest.ms) this.slowest = done.slowest;
    if (crashedBefore === undefined) return;
    const problem = `${crashedBefore} in one of the cases up to ${end - 1}, not reproducible`;
    this.failures.push({ number: from, what: 'the process', problem });
  }

  addCrash(number: number, how: string): void {
    this.cases += 1;
    this.outcomes['lost'] = (this.outcomes['lost'] ?? 0) + 1;
    this.failures.push({ number, what: 'the process', problem: how });
  }
}

/** Ranges to run after a crash: the cases before the crash, the suspects one by one, and the remaining cases. */
function rangesAfter(lost: ProcessLost, at: number, range: Range, step: number): Range[] {
  const suspects: Range[] =
    range.crashedBefore === undefined && step > 1
      ? [{ from: at, end: Math.min(at + step, range.end), crashedBefore: lost.message }]
      : [];
  const rest = at + (suspects.length > 0 ? step : 1);
  const ranges: Range[] = [{ from: range.from, end: at }, ...suspects, { from: rest, end: range.end }];
  return ranges.filter(({ from, end }) => from < end);
}

/** Runs the cases in order, in one process at a time. @throws ProcessLost if a process fails before its first case. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { spec, from, count, deadlineMs } = options;
  const startedAtMs = performance.now();
  const tally = new Tally();
  const open: Range[] = [{ from, end: from + count }];
  let runner: Runner | undefined;
  for (let range = open.shift(); range !== undefined && performance.now() < deadlineMs; range = open.shift()) {
    const batch = { ...range, end: Math.min(range.end, range.from + spec.batch) };
    if (batch.end < range.end) open.unshift({ ...range, from: batch.end });
    const step = batch.crashedBefore === undefined ? spec.step : 1;
    try {
      runner ??= await Runner.start(options);
      tally.add(await runner.run({ from: batch.from, count: batch.end - batch.from, step }), batch);
    } catch (lost) {
      runner = undefined;
      if (!(lost instanceof ProcessLost) || lost.at === undefined) throw lost;
      if (step === 1) tally.addCrash(lost.at, lost.message);
      open.unshift(...rangesAfter(lost, lost.at, batch, step));
    }
    options.progressed(tally.cases);
  }
  await runner?.stop();
  const { cases, outcomes, failures, slowest, residentBytes } = tally;
  const seconds = (performance.now() - startedAtMs) / msPerSecond;
  return { target: options.name, seed: options.seed, cases, seconds, outcomes, failures, slowest, residentBytes };
}
