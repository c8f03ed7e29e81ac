/** The scenarios of `npm run bench:hosts`: each starts its own fleet, loads it, and returns rows of a table. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadReport } from '../../src/load/report.ts';
import { fairnessIndex } from '../../src/load/tally.ts';
import { median } from '../../src/statistics.ts';
import { runLoad } from '../suite/load.ts';
import {
  type GatewayProcess,
  type Process,
  startBroker,
  startGateway,
  startHost,
  stopAll,
  workersPerHost,
} from './processes.ts';

/** A measured figure, and what it shall be. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly target: string;
}

export interface ScenarioOptions {
  /** Path of the frame. */
  readonly frame: string;
  /** Length of each measurement. */
  readonly seconds: number;
}

export type Scenario = (options: ScenarioOptions) => Promise<Row[]>;

/** The tool of the pipeline sleeps this long. */
const serviceMs = 15;
const msPerSecond = 1000;
const usPerSecond = 1_000_000;
/** Frames per second that the workers of one host take at most. */
export const hostFps = (workersPerHost * msPerSecond) / serviceMs;
const cameraFps = 10;
const warmUpSeconds = 2;

/** Cameras that need this share of the capacity of so many hosts. */
const camerasFor = (hosts: number, load: number) => Math.round((hosts * hostFps * load) / cameraFps);

function load(
  gateway: GatewayProcess,
  cameras: number,
  { frame, seconds }: ScenarioOptions,
  ...more: readonly string[]
): Promise<LoadReport> {
  const flags = ['--pipeline', 'sleep', '--frames', frame, '--cameras', `${cameras}@${cameraFps}`];
  const times = ['--duration', String(seconds), '--warmup', String(warmUpSeconds), '--ramp', '1'];
  return runLoad(gateway.origin, [...flags, ...times, ...more]);
}

const perSecond = ({ per_second }: LoadReport) => per_second.results;
const microsecondsPerFrame = ({ server, results }: LoadReport) =>
  ((server?.cpu_seconds ?? Number.NaN) * usPerSecond) / results;
const fixed = (value: number | null, digits = 2) => (value === null ? '–' : value.toFixed(digits));

async function startFleet(hosts: number, env: Record<string, string> = {}) {
  const broker = await startBroker();
  const started = await Promise.all(Array.from({ length: hosts }, (_, i) => startHost(broker, `host-${i + 1}`, env)));
  return { broker, hosts: started, gateway: await startGateway(broker) };
}

/** Results of 1, 2 and 4 hosts under more load than they can take. */
export const scaling: Scenario = async (options) => {
  const results = new Map<number, LoadReport>();
  for (const hosts of [1, 2, 4]) {
    const { gateway } = await startFleet(hosts);
    results.set(hosts, await load(gateway, camerasFor(hosts, 1.3), options));
    await stopAll();
  }
  const of = (hosts: number) => results.get(hosts) as LoadReport;
  const rows = [1, 2, 4].map((hosts) => ({
    what: `results/s of ${hosts} host${hosts > 1 ? 's' : ''}, share of ${Math.round(hosts * hostFps)}; gateway CPU µs/frame; Jain`,
    value: `${fixed(perSecond(of(hosts)), 0)}, ${fixed(perSecond(of(hosts)) / (hosts * hostFps))}; ${fixed(microsecondsPerFrame(of(hosts)), 0)}; ${fixed(of(hosts).jain, 3)}`,
    target: '≤ 200 µs',
  }));
  const ratio = (hosts: number, target: string) => ({
    what: `throughput of ${hosts} hosts ÷ one`,
    value: fixed(perSecond(of(hosts)) / perSecond(of(1))),
    target,
  });
  return [...rows, ratio(2, '≥ 1.9'), ratio(4, '≥ 3.7')];
};

/** The same light load on threads of the gateway and on a host, by turns. */
export const latency: Scenario = async (options) => {
  const rounds = 3;
  const share = 0.3;
  const seen = { local: [] as LoadReport[], remote: [] as LoadReport[] };
  for (let round = 0; round < rounds; round++) {
    const local = await startGateway(undefined);
    seen.local.push(await load(local, camerasFor(1, share), options));
    await stopAll();
    const { gateway } = await startFleet(1);
    seen.remote.push(await load(gateway, camerasFor(1, share), options));
    await stopAll();
  }
  const middle = (reports: readonly LoadReport[], key: 'p50' | 'p99') =>
    median(reports.map(({ latency_ms }) => latency_ms[key] ?? Number.NaN));
  const cpu = (reports: readonly LoadReport[]) => median(reports.map(microsecondsPerFrame));
  const added = (key: 'p50' | 'p99', target: string): Row => ({
    what: `latency ${key} at 30 % load, remote − local, median of ${rounds}`,
    value: `${fixed(middle(seen.remote, key))} − ${fixed(middle(seen.local, key))} = ${fixed(middle(seen.remote, key) - middle(seen.local, key))} ms`,
    target,
  });
  const gatewayCpu = { what: 'gateway CPU, remote; local with its workers', target: '≤ 200 µs' };
  return [
    added('p50', '≤ 1.5 ms'),
    added('p99', '≤ 4 ms'),
    { ...gatewayCpu, value: `${fixed(cpu(seen.remote), 0)}; ${fixed(cpu(seen.local), 0)} µs/frame` },
  ];
};

/** Throughput with a frame waiting at the host for the next free worker, and without. */
export const waiting: Scenario = async (options) => {
  const rounds = 3;
  const seen = { with: [] as number[], without: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [key, env] of [
      ['with', {}],
      ['without', { STREAM_MAX_WAIT_MS: '0' }],
    ] as const) {
      const { gateway } = await startFleet(1, env);
      seen[key].push(perSecond(await load(gateway, camerasFor(1, 1.3), options)));
      await stopAll();
    }
  }
  const [gained, plain] = [median(seen.with), median(seen.without)];
  const value = `${fixed(gained, 0)} ÷ ${fixed(plain, 0)} = ${fixed(gained / plain, 3)}`;
  return [{ what: `results/s with places to wait ÷ without, median of ${rounds}`, value, target: '> 1' }];
};

/** One of three hosts is killed again and again, at 80 % load. */
export const kills: Scenario = async (options) => {
  const intervalMs = 20_000;
  const restartMs = 500;
  const { broker, hosts, gateway } = await startFleet(3);
  let kills = 0;
  let awayMs = 0;
  let isDone = false;
  const killer = async () => {
    for (let victim = 0; !isDone; victim = (victim + 1) % hosts.length) {
      await sleep(intervalMs / 2);
      if (isDone) return;
      kills += 1;
      const killedMs = performance.now();
      await (hosts[victim] as Process).stop('SIGKILL');
      await sleep(restartMs);
      hosts[victim] = await startHost(broker, `host-${victim + 1}`);
      awayMs += performance.now() - killedMs;
      await sleep(intervalMs / 2);
    }
  };
  const killing = killer();
  const share = 0.8;
  const report = await load(gateway, camerasFor(3, share), options);
  isDone = true;
  await stopAll();
  await killing.catch(() => undefined);
  const { sent, dropped, unanswered, unexpected, errors, closes } = report;
  // Of three hosts at 80 % each, two are left.
  const lostShare = 1 - 2 / (3 * share);
  return [
    { what: `frames, and kills in ${options.seconds} s`, value: `${sent}, ${kills}`, target: '' },
    {
      what: 'unanswered frames, unexpected messages, errors, closes',
      value: `${unanswered}, ${unexpected}, ${errors}, ${JSON.stringify(closes)}`,
      target: '0, 0, 0, none',
    },
    {
      what: 'dropped share; share that the others could not take while a host was away',
      value: `${fixed((100 * dropped) / sent)} %; ${fixed((100 * awayMs * lostShare) / (options.seconds * msPerSecond))} %`,
      target: '≤ 2 % more',
    },
  ];
};

/** The broker is killed under load and comes back. */
export const brokerRestart: Scenario = async (options) => {
  const downMs = 1000;
  const stepSeconds = 1;
  const { broker, gateway } = await startFleet(2);
  const cameras = camerasFor(2, 0.8);
  const loading = load(gateway, cameras, { ...options, seconds: Math.max(options.seconds, 15) });
  await sleep((warmUpSeconds + 2) * msPerSecond);
  await broker.stop('SIGKILL');
  await sleep(downMs);
  await startBroker(broker.port);
  const startedMs = performance.now();
  const fullRate = cameras * cameraFps;
  let reachedMs = Number.NaN;
  for (let before = await resultsOf(gateway); Number.isNaN(reachedMs); ) {
    await sleep((stepSeconds * msPerSecond) / 4);
    const now = await resultsOf(gateway);
    const rate = (now.results - before.results) / ((now.atMs - before.atMs) / msPerSecond);
    if (rate >= fullRate * 0.95) reachedMs = before.atMs - startedMs;
    before = now;
    if (performance.now() - startedMs > 10_000) break;
  }
  const { closes, unanswered } = await loading;
  await stopAll();
  return [
    {
      what: 'full rate again after the broker’s return',
      value: `${fixed(reachedMs / msPerSecond, 1)} s`,
      target: '≤ 3 s',
    },
    {
      what: 'closed sessions, unanswered frames',
      value: `${JSON.stringify(closes)}, ${unanswered}`,
      target: 'none, 0',
    },
  ];
};

async function resultsOf({ origin }: GatewayProcess): Promise<{ atMs: number; results: number }> {
  const text = await fetch(`${origin.replace('ws', 'http')}/metrics`).then((reply) => reply.text());
  const [, count = '0'] =
    /framegate_frames_total\{pipeline="sleep",outcome="result",reason=""\} (\d+)/.exec(text) ?? [];
  return { atMs: performance.now(), results: Number(count) };
}

/** Two gateways share two hosts: one with three times as many cameras as the other, all together more than fits. */
export const sharing: Scenario = async (options) => {
  const broker = await startBroker();
  await Promise.all([1, 2].map((i) => startHost(broker, `host-${i}`)));
  const gateways = [await startGateway(broker), await startGateway(broker)];
  const run = async (shares: readonly number[]) => {
    const cameras = shares.map((share) => camerasFor(2, share));
    const reports = await Promise.all(gateways.map((gateway, i) => load(gateway, cameras[i] as number, options)));
    const perCamera = reports.flatMap(({ per_camera }) => per_camera);
    const total = reports.reduce((sum, report) => sum + perSecond(report), 0);
    return { reports, jain: fairnessIndex(perCamera), utilization: total / (2 * hostFps) };
  };
  const unequal = await run([1.2, 0.4]);
  const equal = await run([0.8, 0.8]);
  await stopAll();
  const shown = ({ jain, utilization, reports }: typeof equal) =>
    `${fixed(jain, 3)}, ${fixed(utilization)} (${reports.map((report) => fixed(perSecond(report), 0)).join(' + ')}/s)`;
  return [
    {
      what: 'cameras 3 : 1, load 1.6: Jain over cameras, utilization',
      value: shown(unequal),
      target: '≥ 0.95, ≥ 0.95',
    },
    { what: 'cameras 1 : 1, load 1.6: Jain over cameras, utilization', value: shown(equal), target: '≥ 0.95, ≥ 0.95' },
  ];
};
