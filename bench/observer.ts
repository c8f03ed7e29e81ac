/** `npm run bench:observer`: what log and metrics cost the event loop per frame, and what a scrape of `/metrics` costs. */
import { Command } from 'commander';
import { Counter, Histogram, Registry } from 'prom-client';
import { configOfProcess } from '../src/config.ts';
import { logEvents } from '../src/observe/event-log.ts';
import { eventMetrics } from '../src/observe/event-metrics.ts';
import { gauges } from '../src/observe/gauges.ts';
import { createLog } from '../src/observe/log.ts';
import { Metrics } from '../src/observe/metrics.ts';
import { Observers } from '../src/observe/observer.ts';
import { processMetrics } from '../src/observe/process-metrics.ts';
import { loadPipelines, type Pipeline } from '../src/pipeline/registry.ts';
import type { FrameOutcome } from '../src/pool/messages.ts';
import { Address } from '../src/session/addresses.ts';
import type { Outbox } from '../src/session/outbox.ts';
import { SessionManager } from '../src/session/session-manager.ts';
import type { SessionPool } from '../src/session/session-parts.ts';
import { median } from '../src/statistics.ts';
import { version } from '../src/version.ts';
import { renderFrames } from '../test/support/samples/street-frames.ts';

interface Flags {
  readonly sessions: string;
  readonly frames: string;
  readonly rounds: string;
}

const flags = new Command('npm run bench:observer --')
  .description('Measures sessions without sockets and workers: each frame is checked, gets its reply, and is reported.')
  .option('--sessions <n>', 'open sessions', '256')
  .option('--frames <n>', 'frames per round', '50000')
  .option('--rounds <n>', 'rounds; each measures all variants', '9')
  .parse()
  .opts<Flags>();

const usPerMs = 1000;
const [sessionCount, frameCount, rounds] = [flags.sessions, flags.frames, flags.rounds].map(Number) as [
  number,
  number,
  number,
];
const config = configOfProcess();
const pipelines = await loadPipelines(config);
const [frame] = renderFrames();
if (frame === undefined) throw new Error('no frame');

/** Ends each frame at once: three of four with a result, the others dropped. */
const pool: SessionPool = {
  openSession: () => undefined,
  closeSession: () => undefined,
  prepare: () => undefined,
  offer: (_sessionId, { frameIndex }, done) => {
    done(frameIndex % 4 === 3 ? { type: 'dropped', reason: 'displaced' } : result, 0.1);
    return () => undefined;
  },
};

const result: FrameOutcome = {
  type: 'result',
  text: JSON.stringify({ width: 640, height: 480, detections: [] }),
  timings: { encode: 0.02, decode: 1.1, detect: 11.0, read: 3.2, total: 15.6 },
};

const outbox: Outbox = {
  send: () => undefined,
  ping: () => undefined,
  bufferedBytes: () => 0,
  close: () => undefined,
  abort: () => undefined,
};

/** Sessions of all pipelines that report to one observer. */
function openSessions(observer: Observers): SessionManager[] {
  return Array.from({ length: sessionCount }, (_, index) => {
    const { id: pipelineId } = pipelines[index % pipelines.length] as Pipeline;
    const source = { sessionId: String(index), camera: `gate ${index}`, pipelineId, address: '192.0.2.1' };
    const address = new Address(source.address, config, performance.now());
    // The thresholds keep state changes and their log lines out: they come once in seconds, not with every frame.
    const limits = { ...config, dropThreshold: 1, slowdownThreshold: 1 };
    return new SessionManager({ source, address, limits, pool, outbox, observer });
  });
}

function variant(subscribe: (observers: Observers) => void): SessionManager[] {
  const observers = new Observers();
  subscribe(observers);
  return openSessions(observers);
}

const writer = { write: () => undefined, flush: () => undefined, flushSync: () => undefined };
const log = (observers: Observers) => logEvents(observers, createLog({ level: config.logLevel, writer }));
const metrics = new Metrics();
const count = (observers: Observers) => metrics.add(eventMetrics(observers, pipelines).metrics);

/** The same counts with the metrics of prom-client itself, for comparison. */
function countDirectly(observers: Observers): void {
  const registers = [new Registry()];
  const labelNames = ['pipeline'] as const;
  const received = new Counter({ name: 'received', help: '-', labelNames, registers });
  const ended = new Counter({ name: 'ended', help: '-', labelNames: ['pipeline', 'outcome', 'reason'], registers });
  const duration = new Histogram({ name: 'duration', help: '-', labelNames, registers });
  const stages = new Histogram({ name: 'stages', help: '-', labelNames: ['pipeline', 'stage'], registers });
  observers.on('frameReceived', ({ pipelineId: pipeline }) => received.inc({ pipeline }));
  observers.on('frameEnded', ({ pipelineId: pipeline }, { end, totalMs, validateMs, holdMs }) => {
    ended.inc({ pipeline, outcome: end.type, reason: end.type === 'dropped' ? end.reason : '' });
    if (end.type !== 'result') return;
    duration.observe({ pipeline }, totalMs);
    for (const [stage, ms] of Object.entries({ ...end.timings, validate: validateMs, hold: holdMs }))
      stages.observe({ pipeline, stage }, ms);
  });
}

const variants = new Map([
  ['no subscriber', variant(() => undefined)],
  ['prom-client only', variant(countDirectly)],
  ['log', variant(log)],
  ['metrics', variant((observers) => void eventMetrics(observers, pipelines))],
  [
    'log and metrics',
    variant((observers) => {
      log(observers);
      count(observers);
    }),
  ],
]);

/** CPU time of this process in µs: other processes on the machine must not count. */
function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** @returns µs per frame. */
function timeFrames(sessions: readonly SessionManager[]): number {
  const startUs = cpuMicroseconds();
  for (let index = 0; index < frameCount; index++)
    (sessions[index % sessions.length] as SessionManager).receiveFrame(frame as Uint8Array);
  return (cpuMicroseconds() - startUs) / frameCount;
}

const times = new Map([...variants.keys()].map((name): [string, number[]] => [name, []]));
// The first round compiles the code.
for (const sessions of variants.values()) timeFrames(sessions);
for (let round = 0; round < rounds; round++)
  for (const [name, sessions] of variants) times.get(name)?.push(timeFrames(sessions));

const base = median(times.get('no subscriber') ?? []);
for (const [name, all] of times) {
  const us = median(all);
  process.stdout.write(`${name.padEnd(17)} ${us.toFixed(2)} µs per frame, ${(us - base).toFixed(2)} more\n`);
}

const figures = { size: 2, ready: 2, busy: 1, timedOut: 0, inFlight: 1, held: 1, frameBytes: 50_000, generation: 1 };
metrics.add(processMetrics(version));
metrics.addDefaults();
metrics.add(
  gauges({
    pool: { status: () => ({ ...figures, reports: [], hosts: [], engines: [] }) },
    pipelines: new Map(pipelines.map(({ id }) => [id, {}])),
    reloads: () => ({ succeeded: 0, failed: 0, issues: [] }),
    sessions: variants.get('log and metrics') ?? [],
    httpSessions: () => 0,
    openSockets: () => sessionCount,
    limits: { ...config, maxSockets: sessionCount },
  }),
);
const scrapes: number[] = [];
let bytes = 0;
for (let scrape = 0; scrape < 100; scrape++) {
  const startUs = cpuMicroseconds();
  bytes = Buffer.byteLength(await metrics.text());
  scrapes.push((cpuMicroseconds() - startUs) / usPerMs);
}
process.stdout.write(
  `scrape: ${median(scrapes).toFixed(2)} ms, the first ${scrapes[0]?.toFixed(2)} ms; ${bytes} bytes with ${sessionCount} sessions, ${pipelines.length} pipelines\n`,
);
