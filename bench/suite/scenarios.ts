/** What `make bench` runs, one after the other, and the figures that come of it. */
import { availableParallelism } from 'node:os';
import WebSocket from 'ws';
import type { LoadReport } from '../../src/load/report.ts';
import { renderFrames } from '../../src/samples/street-frames.ts';
import { streamPeers } from '../peers/start-peer.ts';
import { type Ceiling, meanOf, runLimits, runLoad } from './load.ts';
import { type BenchServer, missing, type ServerName, type StartOptions, startServer } from './server.ts';

/** One run of the suite. */
export interface SuiteRun {
  readonly id: string;
  readonly server: ServerName;
  /** What was sent, in the words of `framegate bench`. */
  readonly flags: readonly string[];
  readonly report: LoadReport;
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number } | undefined;
}

export interface SuiteOutcome {
  readonly ceiling: Ceiling;
  readonly runs: readonly SuiteRun[];
  /** Servers that could not be started here, and why. */
  readonly skipped: Readonly<Record<string, string>>;
}

export interface SuiteOptions {
  readonly seconds: number;
  readonly ceilingFrames: number;
  readonly say: (line: string) => void;
}

/**
 * A server with a queue answers long after the clock has stopped: only what it answers while its CPU is counted counts. No
 * warm-up, or the first frames of the clock would stand behind those of it. Latencies are those of the answered frames.
 */
const onlyCounted = ['--warmup', '0', '--grace', '0'];
const peerLoad = ['--cameras', '8@15', ...onlyCounted];
/** Twice as much: more than two cores can answer. */
const peerOverload = ['--cameras', '8@30', ...onlyCounted];
/** What the peers and the gateway see before that: compilers are done and every buffer has its size, and no server falls behind. */
const gentleLoad = ['--cameras', '8@3', '--warmup', '0', '--duration', '8'];
/** A load of frames that are all dropped is sent at this rate, by so many cameras. */
const droppedLoad = '4@200';
/** Seconds of load until the compiler is done: its threads' CPU is the server's. */
const settleSeconds = { results: '8', dropped: '15' };
/** Longer than any run: the worker that is held stays held. */
const heldForMs = '60000';
const testModels = new URL('../../test/fixtures/models', import.meta.url).pathname;

export async function runSuite({ seconds, ceilingFrames, say }: SuiteOptions): Promise<SuiteOutcome> {
  const runs: SuiteRun[] = [];
  const skipped: Record<string, string> = {};
  const duration = ['--duration', String(seconds)];

  const run = async (
    id: string,
    server: BenchServer,
    name: ServerName,
    flags: readonly string[],
  ): Promise<SuiteRun> => {
    say(`${id}: ${name}, ${flags.join(' ')}`);
    server.resetLoopDelay();
    const report = await runLoad(server.origin, [...flags, ...duration]);
    return { id, server: name, flags, report, loopDelayMs: undefined };
  };
  const measure = async (
    id: string,
    name: ServerName,
    flags: readonly string[],
    options: StartOptions = {},
    prepare: (server: BenchServer) => Promise<() => void> = async () => () => undefined,
  ): Promise<SuiteRun> => {
    const server = await startServer(name, options);
    const release = await prepare(server);
    const measured = await run(id, server, name, flags);
    release();
    const done = { ...measured, loopDelayMs: loopDelayOf(await server.stop()) };
    runs.push(done);
    say(`  ${summaryOf(done)}`);
    return done;
  };

  const measureCeiling = async (): Promise<Ceiling> => {
    say(`ceiling: the pipeline in bare loops, ${ceilingFrames} frames each`);
    const seen = await runLimits(ceilingFrames);
    say(`  ${seen.frames_per_cpu_second.toFixed(1)} frames per CPU-second`);
    return seen;
  };
  const before = await measureCeiling();
  const saturated = await measure('saturated', 'gateway', ['--cameras', '8@30', '--warmup', settleSeconds.results]);
  // The machine's speed drifts: the ceiling is that of just before and just after.
  const ceiling = meanOf(before, await measureCeiling());
  const capacity = saturated.report.per_second.results;
  await measure('half-load', 'gateway', ['--cameras', `4@${rate(capacity / 2 / 4)}`]);
  const four = ['--cameras', `16@${rate((4 * capacity) / 16)}`, '--phase', 'aligned'];
  await measure('overload', 'gateway', four);
  await measure('overload', 'first-come', four);
  await measure('mixed-rates', 'gateway', ['--cameras', '4@30,4@3'], { env: { POOL_WORKERS: '1' } });
  await measure('many', 'gateway', ['--cameras', '256@10'], { watchLoop: true });
  const few = ['--cameras', `4@${rate(capacity / 2 / 4)}`];
  await measure('slow-readers', 'gateway', [...few, '--slow-readers', '2@10']);

  for (const name of ['gateway', ...streamPeers] as const) {
    const reason = missing(name);
    if (reason === undefined) {
      await measure('peers', name, peerLoad, {}, warmGently);
      await measure('peers-locked', name, [...peerLoad, '--phase', 'aligned'], {}, warmGently);
      await measure('peers-overload', name, peerOverload, {}, warmGently);
    } else {
      skipped[name] = reason;
      say(`peers: ${name} left out: ${reason}`);
    }
  }

  const oneMore = { env: { POOL_WORKERS: String(availableParallelism() + 1) } };
  await measure('peers-one-more', 'gateway', peerLoad, oneMore, warmGently);

  const dropped = ['--cameras', droppedLoad, '--pipeline', 'echo', '--warmup', settleSeconds.dropped];
  const held = { env: { MODELS_DIR: testModels, POOL_WORKERS: '1', STREAM_FRAME_TIMEOUT_MS: heldForMs } };
  await measure('dropped', 'uws-sink', dropped);
  await measure('dropped', 'gateway', dropped, held, holdWorker);
  return { ceiling, runs, skipped };
}

/** Frames a second with two digits behind the point, as the flag takes them. */
function rate(framesPerSecond: number): string {
  return framesPerSecond.toFixed(2);
}

async function warmGently({ origin }: BenchServer): Promise<() => void> {
  await runLoad(origin, gentleLoad);
  return () => undefined;
}

/** Sends one frame to a pipeline that never answers, so that the only worker is taken and all others are dropped. */
function holdWorker({ origin }: BenchServer): Promise<() => void> {
  const socket = new WebSocket(`${origin}/ws/video/stream?pipeline_id=hanging`);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      socket.send(renderFrames()[0] as Uint8Array, () => resolve(() => socket.terminate()));
    });
  });
}

function loopDelayOf(said: string): SuiteRun['loopDelayMs'] {
  const match = /loop delay p50 (\S+) p99 (\S+) max (\S+)/.exec(said);
  return match === null ? undefined : { p50: Number(match[1]), p99: Number(match[2]), max: Number(match[3]) };
}

function summaryOf({ report, loopDelayMs }: SuiteRun): string {
  const { per_second, latency_ms, jain, server } = report;
  const cpu = server === null ? '?' : (report.results / server.cpu_seconds).toFixed(1);
  const loop = loopDelayMs === undefined ? '' : `, loop delay p99 ${loopDelayMs.p99} ms`;
  return `${per_second.results} results/s, p99 ${latency_ms.p99} ms, Jain ${jain}, ${cpu} results per CPU-second${loop}`;
}
